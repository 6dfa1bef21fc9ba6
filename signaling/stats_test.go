package signaling_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling/access"
)

// TestStatistics reads the statistics of a call: of all, of one, as a stream, as a dump; with and
// without the right to.
func TestStatistics(t *testing.T) {
	t.Parallel()
	url, _ := guarded(t, access.Open)
	at := url + "/api/v1/rooms/den"
	do(t, http.MethodGet, at+"/stats", "", "Authorization", operator).want(t, http.StatusNotFound)
	conn, welcome, refused := come(t, url, "Ada")
	if conn == nil {
		t.Fatal(refused)
	}
	connect(t, conn)
	ada := welcome.ID
	get := func(path string, want int, header ...string) reply {
		t.Helper()
		if header == nil {
			header = []string{"Authorization", operator}
		}
		r := do(t, http.MethodGet, at+path, "", header...)
		r.want(t, want)
		return r
	}
	get("/stats", http.StatusUnauthorized, "X-Nobody", "1")
	poll.Until(t, "a second of Ada", func() bool {
		time.Sleep(200 * time.Millisecond) // a key may ask so often
		return strings.Contains(get("/stats", http.StatusOK).body, `"connected":1`)
	})
	one := "/participants/" + ada + "/stats"
	var history struct {
		Name    string
		Seconds struct {
			At     []int64
			Values map[string][]*float64
		}
	}
	r := get(one, http.StatusOK)
	if err := json.Unmarshal([]byte(r.body), &history); err != nil || history.Name != "Ada" || len(history.Seconds.At) == 0 {
		t.Fatalf("%v: %s", err, r.body)
	}
	if n := len(history.Seconds.Values["connected"]); n != len(history.Seconds.At) {
		t.Errorf("%d values of %d samples", n, len(history.Seconds.At))
	}
	if r := get(one+"?after=9000000000000", http.StatusOK); !strings.Contains(r.body, `"at":[]`) {
		t.Errorf("of the future: %s", r.body)
	}
	get(one+"?after=noon", http.StatusBadRequest)
	get("/participants/nobody/stats", http.StatusNotFound)
	if r := get(one+"/dump", http.StatusOK); !strings.Contains(r.body, `"PeerConnections":{"1-1":`) || !strings.Contains(r.Header.Get("Content-Disposition"), ".json") {
		t.Errorf("a dump is %s", r.body)
	}
	get(one+"/dump", http.StatusUnauthorized, "X-Nobody", "1")

	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at+"/stats/stream", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", operator)
	stream, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stream.Body.Close() }()
	lines := bufio.NewScanner(stream.Body)
	for came := 0; came < 2; {
		if !lines.Scan() {
			t.Fatalf("the stream ends after %d: %v", came, lines.Err())
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			came++
			if !strings.Contains(data, `"name":"Ada"`) || !strings.Contains(data, `"cost":{"compose":`) {
				t.Errorf("the stream has %s", data)
			}
		}
	}
}
