package main

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"tilemix/codec/h264"
	"tilemix/mcu/mcutest/poll"
)

// TestTraces: a collector hears of a request, and of the join, the recording and the output that it began, in
// one trace each, whose ID the log has too. The variable of OpenTelemetry names the collector.
func TestTraces(t *testing.T) {
	t.Parallel()
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	spans := map[string]*wire.Span{} // the first of each name
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var data wire.TracesData
		if err := proto.Unmarshal(body, &data); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range data.ResourceSpans {
			for _, s := range resource.ScopeSpans[0].Spans {
				if spans[s.Name] == nil {
					spans[s.Name] = s
				}
			}
		}
	}))
	defer collector.Close()
	of := func(name string) *wire.Span {
		mu.Lock()
		defer mu.Unlock()
		return spans[name]
	}

	command := exec.Command("tilemix", "serve", "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--audio-codec", "opus", "--allow-private-outputs")
	command.Env = append(command.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)
	var log strings.Builder
	command.Stderr = &log
	stdout := started(t, command)
	defer command.Process.Kill() //nolint:errcheck // it has ended, unless the test failed
	lines := bufio.NewReader(stdout)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := strings.TrimPrefix(strings.TrimSpace(line), "tilemix serves on ")
	film(t, url)
	recording := startRecording(t, url)
	ask(t, "POST", url+"/api/v1/rooms/demo/outputs", "application/json", `{"url":"whip+http://127.0.0.1:1/whip/x"}`, http.StatusCreated)
	poll.Until(t, "the output's first attempt", func() bool { return of("output") != nil })
	ask(t, "DELETE", url+"/api/v1/recordings/"+recording, "", "", http.StatusOK) // the server's end would give its span a second
	poll.Until(t, "the recording's end", func() bool { return of("recording") != nil })
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, lines)
	if err := command.Wait(); err != nil {
		t.Errorf("%v, stderr: %s", err, log.String())
	}
	for _, pair := range []struct{ request, began, logged string }{
		{"POST /whip/:room", "join", "msg=joined .*request="},
		{"POST /whip/:room", "participant", "msg=joined .*request="},
		{"POST /api/v1/rooms/:room/recordings", "recording", `msg="recording begins" .*request=`},
		{"POST /api/v1/rooms/:room/outputs", "output", `msg="link is down" .*request=`},
	} {
		request, began := of(pair.request), of(pair.began)
		if request == nil || began == nil {
			t.Errorf("%s: %v, %s: %v", pair.request, request, pair.began, began)
			continue
		}
		id := hex.EncodeToString(request.TraceId)
		if string(began.TraceId) != string(request.TraceId) || string(began.ParentSpanId) != string(request.SpanId) {
			t.Errorf("%s is not below %s: %v, %v", pair.began, pair.request, began, request)
		}
		if failed := began.Status.GetCode() == wire.Status_STATUS_CODE_ERROR; failed != (pair.began == "output") || began.EndTimeUnixNano <= began.StartTimeUnixNano {
			t.Errorf("%s: %v", pair.began, began)
		}
		if !regexp.MustCompile(pair.logged + id).MatchString(log.String()) {
			t.Errorf("the log has no line %q with %s:\n%s", pair.logged, id, log.String())
		}
	}
}
