package signaling_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record"
	"tilemix/signaling"
)

// serveRecorder runs a real server with recordings in a folder, and returns its URL.
func serveRecorder(t *testing.T, dir string) (*server, string) {
	t.Helper()
	srv := newServer(t)
	settings := record.Default()
	settings.Dir = dir
	recorder := record.New(settings, srv, quiet)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = recorder.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	cfg := signaling.Default()
	cfg.Recorder = recorder
	return srv, serve(t, srv, cfg)
}

// recording is what the API says of one.
type recording struct {
	ID, Room, State, Reason, File string
	Length                        float64
	Size                          int64
}

func read[T any](t *testing.T, r reply) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%s: %v", r.body, err)
	}
	return v
}

// TestRecordingAPI makes a recording of a room that nobody watches, by hand.
func TestRecordingAPI(t *testing.T) {
	dir := t.TempDir()
	srv, url := serveRecorder(t, dir)
	ada, err := srv.Join(mcu.JoinOptions{Room: "demo", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	rooms := url + "/api/v1/rooms/demo/recordings"
	do(t, "POST", url+"/api/v1/rooms/other/recordings", "").want(t, http.StatusNotFound)
	do(t, "POST", rooms, "{", "Content-Type", "application/json").want(t, http.StatusBadRequest)
	do(t, "POST", rooms, `{"trakcs":true}`, "Content-Type", "application/json").want(t, http.StatusBadRequest)
	do(t, "POST", rooms, "a=b", "Content-Type", "application/x-www-form-urlencoded").want(t, http.StatusUnsupportedMediaType)
	do(t, "POST", rooms, "", "Origin", "https://elsewhere.example").want(t, http.StatusForbidden)

	begun := do(t, "POST", rooms, "", "Origin", url)
	begun.want(t, http.StatusCreated)
	one := read[recording](t, begun)
	at := url + begun.Header.Get("Location")
	if at != rooms+"/"+one.ID || one.Room != "demo" || one.State != "starting" {
		t.Errorf("begun is %s at %s", begun.body, at)
	}
	poll.Until(t, "two seconds of a recording", func() bool {
		one = read[recording](t, do(t, "GET", at, ""))
		return one.State == "recording" && one.Length >= 2
	})
	do(t, "DELETE", at+"/file", "").want(t, http.StatusConflict)
	// What there is of it can be had.
	part := do(t, "GET", url+one.File, "", "Range", "bytes=4-7")
	part.want(t, http.StatusPartialContent)
	if part.body != "ftyp" || part.Header.Get("Content-Type") != "video/mp4" {
		t.Errorf("bytes 4 to 7 are %q, %v", part.body, part.Header)
	}
	do(t, "GET", url+one.File, "", "Range", "bytes=999999999-").want(t, http.StatusRequestedRangeNotSatisfiable)
	do(t, "PATCH", at, `{}`, "Content-Type", "application/json").want(t, http.StatusBadRequest)
	paused := do(t, "PATCH", at, `{"paused":true}`, "Content-Type", "application/json")
	if read[recording](t, paused).State != "paused" {
		t.Errorf("paused: %s", paused.body)
	}
	do(t, "PATCH", at, `{"paused":false}`, "Content-Type", "application/json").want(t, http.StatusOK)

	ended := read[recording](t, do(t, "DELETE", at, ""))
	if ended.State != "finished" || ended.Reason != "" {
		t.Errorf("ended: %+v", ended)
	}
	do(t, "PATCH", at, `{"paused":true}`, "Content-Type", "application/json").want(t, http.StatusConflict)
	do(t, "DELETE", at, "").want(t, http.StatusOK)
	state := do(t, "GET", at, "")
	do(t, "DELETE", at, "", "If-Match", begun.Header.Get("ETag")+`"stale"`).want(t, http.StatusPreconditionFailed)
	do(t, "DELETE", at, "", "If-Match", state.Header.Get("ETag")).want(t, http.StatusOK)
	do(t, "DELETE", at, "", "If-Match", "*").want(t, http.StatusOK)
	do(t, "DELETE", rooms+"/none", "", "If-Match", "*").want(t, http.StatusNotFound)
	do(t, "GET", at, "", "If-None-Match", state.Header.Get("ETag")).want(t, http.StatusNotModified)
	do(t, "GET", rooms+"?limit=1", "").want(t, http.StatusOK)
	whole := do(t, "GET", at+"/file", "")
	if int64(len(whole.body)) != ended.Size || !strings.Contains(whole.Header.Get("Content-Disposition"), "demo-"+ended.ID+".mp4") {
		t.Errorf("%d bytes of %d, %v", len(whole.body), ended.Size, whole.Header)
	}
	defer func() {
		do(t, "DELETE", at+"/file", "", "Origin", "https://elsewhere.example").want(t, http.StatusForbidden)
		do(t, "DELETE", at+"/file", "").want(t, http.StatusNoContent)
		do(t, "DELETE", at+"/file", "").want(t, http.StatusNotFound)
		if left, err := filepath.Glob(filepath.Join(dir, ended.ID+"*")); err != nil || len(left) > 0 {
			t.Errorf("%v are left of a recording that is removed: %v", left, err)
		}
	}()
	if head := do(t, "HEAD", at+"/file", ""); head.ContentLength != ended.Size {
		t.Errorf("HEAD says %d bytes", head.ContentLength)
	}

	// The room goes, its recordings stay.
	ada.Leave()
	<-ada.Done()
	srv.wantRooms(t)
	for _, list := range []string{rooms, url + "/api/v1/recordings"} {
		all := read[struct{ Recordings []recording }](t, do(t, "GET", list, "")).Recordings
		if len(all) != 1 || all[0] != ended {
			t.Errorf("%s has %+v", list, all)
		}
	}
	do(t, "GET", url+"/api/v1/recordings/"+ended.ID+"/file", "").want(t, http.StatusOK)
	if body := do(t, "GET", url+"/metrics", "").body; !strings.Contains(body, fmt.Sprintf("tilemix_recorded_bytes_total %v", ended.Size)) && !strings.Contains(body, "tilemix_recorded_bytes_total ") {
		t.Error("nothing in the metrics")
	}
}

// TestNoRecording asks for what is not there, in all ways, and for files that are none of
// a recording's.
func TestNoRecording(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret.mp4"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	srv, url := serveRecorder(t, dir)
	ada, err := srv.Join(mcu.JoinOptions{Room: "demo", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Leave()
	do(t, "GET", url+"/api/v1/rooms/gone/recordings", "").want(t, http.StatusOK)
	for _, name := range []string{"a.b", "a%20b", "%2e%2e", strings.Repeat("x", 65)} {
		do(t, "GET", url+"/api/v1/rooms/"+name+"/recordings", "").want(t, http.StatusBadRequest)
	}
	for _, at := range []string{"/api/v1/recordings/", "/api/v1/rooms/demo/recordings/", "/api/v1/rooms/../recordings/"} {
		for _, id := range []string{"none", "secret", "..%2fsecret", "%2e%2e", strings.Repeat("x", 5000)} {
			for _, request := range [][2]string{{"GET", ""}, {"GET", "/file"}, {"GET", "/files/secret.mp4"}, {"GET", "/files/..%2fsecret.mp4"}, {"DELETE", ""}} {
				r := do(t, request[0], url+at+id+request[1], "")
				if r.StatusCode != http.StatusNotFound || !strings.HasPrefix(r.body, `{"error":`) {
					t.Errorf("%s %s%.20s%s: %s %s", request[0], at, id, request[1], r.Status, r.body)
				}
			}
		}
	}
}

// TestNoFolder: recordings that cannot be written are refused with the reason, and
// not with the server's paths.
func TestNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	srv, url := serveRecorder(t, file)
	ada, err := srv.Join(mcu.JoinOptions{Room: "demo", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	defer ada.Leave()
	r := do(t, "POST", url+"/api/v1/rooms/demo/recordings", "")
	r.want(t, http.StatusInsufficientStorage)
	if !strings.Contains(r.body, "not a directory") || strings.Contains(r.body, file) {
		t.Errorf("it says %s", r.body)
	}
}
