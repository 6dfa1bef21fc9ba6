package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/mcu/mcutest/poll"
)

// drainVariable is how many people TestStop has. The bar is measured with
// TILEMIX_DRAIN_PEOPLE=50 go test -v -run 'TestStop/SIGTERM,' ./cmd/tilemix.
const drainVariable = "TILEMIX_DRAIN_PEOPLE"

// TestStop ends a server with a call that is recorded, in every way that there is. It ends in time,
// and the recording is whole.
func TestStop(t *testing.T) {
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	codectest.Program(t, "ffprobe")
	for _, test := range []struct {
		name  string
		flags []string
		begin func(t *testing.T, url string, p *os.Process) // before the wish, as long as the test needs
		end   func(t *testing.T, url string, p *os.Process) // the wish
		least time.Duration                                 // from the wish to the end
	}{
		{"SIGTERM, drained", []string{"--drain-timeout", "3s"}, nil, func(t *testing.T, _ string, p *os.Process) {
			send(t, p, syscall.SIGTERM)
		}, 2 * time.Second},
		{"request, drained", nil, func(t *testing.T, url string, _ *os.Process) {
			ask(t, "POST", url+"/api/v1/drain", "application/json", `{"within":"soon"}`, http.StatusBadRequest)
			ask(t, "POST", url+"/api/v1/drain", "application/json", `{"within":"1h"}`, http.StatusAccepted)
			drains(t, url)
		}, func(t *testing.T, url string, _ *os.Process) {
			ask(t, "POST", url+"/api/v1/drain", "application/json", `{"within":"3s"}`, http.StatusAccepted)
		}, 2 * time.Second},
		{"second signal", []string{"--drain-timeout", "1h"}, func(t *testing.T, url string, p *os.Process) {
			send(t, p, syscall.SIGTERM)
			drains(t, url)
		}, func(t *testing.T, _ string, p *os.Process) {
			send(t, p, syscall.SIGTERM)
		}, 0},
		{"SIGINT", []string{"--drain-timeout", "1h"}, nil, func(t *testing.T, _ string, p *os.Process) {
			send(t, p, syscall.SIGINT)
		}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			url, process := serveProcess(t, append(test.flags, "--data-dir", dir)...)
			film(t, url)
			call := &crashed{t: t, url: url}
			count, _ := strconv.Atoi(os.Getenv(drainVariable))
			for i := range count - 1 {
				call.enter("Ada " + strconv.Itoa(i))
			}
			call.await("all are there", func() bool { return len(call.people()) >= max(count, 1) })
			id := startRecording(t, url)
			begun := time.Now()
			slow := stalled(t, url, "POST /api/v1/rooms/demo/files?name=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
			defer slow.Close()
			time.Sleep(time.Second) // to have something to record
			if test.begin != nil {
				test.begin(t, url, process)
			}
			asked := time.Now()
			test.end(t, url, process)
			state, err := process.Wait()
			took := time.Since(asked)
			t.Logf("%d people, ended %v after the wish", max(count, 1), took)
			// A server that does not end drainLimit after its drain kills itself, which its status tells. This bound has
			// room for what a busy machine adds.
			most := 10 * time.Second
			if testing.Short() { // with the race detector, and beside other packages
				most *= 2
			}
			if err != nil || !state.Success() || took < test.least || took > most {
				t.Errorf("it ended after %v: %v, %v", took, state, err)
			}
			called := asked.Add(test.least).Sub(begun) // at least
			if left, faults := length(t, filepath.Join(dir, id+".mp4")); called-left > time.Second || faults != "" {
				t.Errorf("of %v, %v are left: %s", called, left, faults)
			}
			if info, err := os.ReadFile(filepath.Join(dir, id+".json")); err != nil || !bytes.Contains(info, []byte(`"finished"`)) {
				t.Errorf("the recording: %s, %v", info, err)
			}
		})
	}
}

// stalled opens a connection with a request whose body never comes.
func stalled(t *testing.T, url, request string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err == nil {
		_, err = conn.Write([]byte(request))
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func send(t *testing.T, p *os.Process, s syscall.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// drains waits until a server says that it drains, and asks it for a new room. It returns what the server says of its end,
// which has to be later than the test can take.
func drains(t *testing.T, url string) (says string) {
	t.Helper()
	const begins = `"drain":"the server stops at`
	_, says, _ = strings.Cut(unready(t, url, begins), begins)
	says, _, _ = strings.Cut(says, `"`)
	if body := ask(t, "POST", url+"/whip/other", "application/sdp", "v=0", http.StatusServiceUnavailable); !strings.Contains(body, `"draining"`) {
		t.Errorf("a new room is refused with %s", body)
	}
	ask(t, "GET", url+"/livez", "", "", http.StatusOK)
	return says
}

// unready waits until a server is not ready for a reason, and returns its answer.
func unready(t *testing.T, url, reason string) string {
	t.Helper()
	for deadline := time.Now().Add(poll.Patience); ; time.Sleep(10 * time.Millisecond) {
		response, err := http.Get(url + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		_, _ = body.ReadFrom(response.Body)
		response.Body.Close()
		if response.StatusCode == http.StatusServiceUnavailable && strings.Contains(body.String(), reason) {
			return body.String()
		}
		if time.Now().After(deadline) {
			t.Fatalf("/readyz: %s %s, want 503 for %s", response.Status, body.String(), reason)
		}
	}
}

// TestDiskFull: a server whose disk is full is not ready, and its call goes on.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		codectest.Lack(t, fmt.Sprintf("this user mounts no disk: %v", err))
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	url, _ := serveProcess(t, "--data-dir", dir)
	ask(t, "GET", url+"/readyz", "", "", http.StatusOK)
	film(t, url)
	if err := os.WriteFile(filepath.Join(dir, "large"), make([]byte, 4<<20-128<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	unready(t, url, `"disk":"`)
	film(t, url) // another participant comes
	if body := ask(t, "GET", url+"/api/v1/rooms/demo", "", "", http.StatusOK); !strings.Contains(body, `"participants":`) {
		t.Errorf("the room: %s", body)
	}
	if body := ask(t, "GET", url+"/healthz", "", "", http.StatusOK); !strings.Contains(body, `"degraded"`) {
		t.Errorf("/healthz: %s", body)
	}
}
