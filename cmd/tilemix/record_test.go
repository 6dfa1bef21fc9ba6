package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"image"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/mcu/record"
	"tilemix/mcu/record/sidecar"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// killsVariable is how often TestKill kills a server; a long test is
// TILEMIX_KILLS=20 go test -run TestKill ./cmd/tilemix.
const killsVariable = "TILEMIX_KILLS"

// TestKill kills a server that records with SIGKILL, at any moment. All but two seconds of
// the call is in the file, before and after the next server has found it.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("kills whole servers")
	}
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	codectest.Program(t, "ffprobe")
	kills, _ := strconv.Atoi(os.Getenv(killsVariable))
	least := time.Hour // that a recording took to begin
	for range max(kills, 3) {
		t.Run("", func(t *testing.T) {
			dir := t.TempDir()
			url, process := serveProcess(t, "--data-dir", dir)
			film(t, url)
			asked := time.Now()
			id := startRecording(t, url)
			begun := time.Now()
			least = min(least, begun.Sub(asked))
			time.Sleep(2*time.Second + rand.N(5*time.Second))
			if err := process.Kill(); err != nil {
				t.Fatal(err)
			}
			called := time.Since(begun)
			_, _ = process.Wait()
			path := filepath.Join(dir, id+".mp4")
			left, _ := length(t, path)
			next := record.New(record.Config{Dir: dir}, (*mcu.Server)(nil), slog.New(slog.DiscardHandler))
			over, end := context.WithCancel(t.Context())
			end()
			if err := next.Run(over); err != nil { // it repairs, and ends
				t.Fatal(err)
			}
			infos := next.List("")
			mended, faults := length(t, path)
			t.Logf("killed after %v: %v left, %v mended", called, left, mended)
			if called-left > 2*time.Second || left-mended > time.Second/15 || faults != "" {
				t.Errorf("of %v, %v are left, %v mended: %s", called, left, mended, faults)
			}
			if len(infos) != 1 || infos[0].State != sidecar.Finished || infos[0].Reason == "" {
				t.Errorf("found again: %+v", infos)
			}
		})
	}
	if least > time.Second { // a recorder that is slow is so each time, and a busy machine is not
		t.Errorf("recordings took %v to begin, and more", least)
	}
}

// TestFolderInUse has a second server tell of events by a queue that the first has.
func TestFolderInUse(t *testing.T) {
	flags := []string{"--webhook", "https://hooks.example.org", "--data-dir", t.TempDir()}
	t.Setenv("TILEMIX_WEBHOOK_SECRET", webhookSecret)
	serveProcess(t, flags...)
	command := exec.CommandContext(t.Context(), "tilemix", append([]string{"serve", "--listen", "127.0.0.1:0"}, flags...)...)
	out, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(out), ": used by another process") || !strings.Contains(string(out), "--data-dir DIR") {
		t.Errorf("a second server: %v, %s", err, out)
	}
}

// serveProcess starts the program, which is killed at the test's end at the latest.
func serveProcess(t *testing.T, flags ...string) (url string, process *os.Process) {
	t.Helper()
	if !slices.Contains(flags, "--data-dir") {
		flags = append(flags, "--data-dir", t.TempDir())
	}
	command := exec.Command("tilemix", append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "error"}, flags...)...)
	stdout := started(t, command)
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(line), "tilemix serves on "), command.Process
}

// film puts somebody who moves and hums into the room "demo".
func film(t *testing.T, url string) {
	t.Helper()
	client := rtctest.New(t, rtctest.Options{Direction: webrtc.RTPTransceiverDirectionSendonly})
	ctx, cancel := context.WithTimeout(t.Context(), rtctest.Patience)
	defer cancel()
	offer, err := client.Offer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	answer := ask(t, "POST", url+"/whip/demo?name=Ada", "application/sdp", offer, http.StatusCreated)
	if err := client.Answer(ctx, answer); err != nil {
		t.Fatal(err)
	}
	client.Film(rtctest.Camera{Numbered: true, FrameRate: 30, Draw: func(img *image.YCbCr, at time.Duration) {
		signal.Colour{Y: uint8(60 + at/(20*time.Millisecond)%128), Cb: 100, Cr: 150}.Paint(img)
	}})
	client.Speak(signal.Tone(440, 0.2))
}

func startRecording(t *testing.T, url string) (id string) {
	t.Helper()
	var info sidecar.Info
	body := ask(t, "POST", url+"/api/v1/rooms/demo/recordings", "", "", http.StatusCreated)
	if err := json.Unmarshal([]byte(body), &info); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(rtctest.Patience); info.State != sidecar.Recording; {
		if time.Now().After(deadline) {
			t.Fatalf("recording stays %+v", info)
		}
		time.Sleep(5 * time.Millisecond)
		body := ask(t, "GET", url+"/api/v1/recordings/"+info.ID, "", "", http.StatusOK)
		if err := json.Unmarshal([]byte(body), &info); err != nil {
			t.Fatal(err)
		}
	}
	return info.ID
}

func ask(t *testing.T, method, url, kind, body string, status int) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != status {
		t.Fatalf("%s %s: %s %s %v", method, url, response.Status, data, err)
	}
	return string(data)
}

// length decodes all of a file and returns its length and what FFmpeg warns of.
func length(t *testing.T, path string) (time.Duration, string) {
	t.Helper()
	var stderr bytes.Buffer
	probe := exec.CommandContext(t.Context(), "ffprobe", "-v", "warning", "-count_frames",
		"-show_entries", "format=duration", "-of", "default=nk=1:nw=1", path)
	probe.Stderr = &stderr
	out, err := probe.Output()
	if err != nil {
		t.Fatalf("ffprobe: %v, %s", err, stderr.Bytes())
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds * float64(time.Second)), stderr.String()
}
