package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/cmd/tilemix/ready"
	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/mcu/control"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/record"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
	"tilemix/signaling/access/key"
)

// family is a server in this process whose settings change.
type family struct {
	*house
	t     *testing.T
	base  []string // flags
	knobs *knobs
	log   *bytes.Buffer
	key   string // of the API
	names int
}

func newFamily(t *testing.T) *family {
	t.Helper()
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f := &family{t: t, knobs: new(knobs), log: new(bytes.Buffer), base: []string{
		"serve", "--data-dir", dir, "--media-listen", "127.0.0.1", "--allow-private-outputs", "--audio-codec", "opus",
	}}
	var err error
	if f.key, err = key.Add(keyFolder(dir), key.Key{Name: "test", Scopes: key.Scopes(), Rooms: "*"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if f.house, err = newRooms(f.settings(), slog.New(slog.DiscardHandler), nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := except(<-ended, context.Canceled); err != nil {
			t.Error(err)
		}
	})
	return f
}

// settings are those of the base and further flags.
func (f *family) settings(more ...string) *settings {
	f.t.Helper()
	s, _, err := parseSettings(append(slices.Clone(f.base), more...))
	if err == nil {
		err = verify(s)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return s
}

// reload has the server take the base and further flags over.
func (f *family) reload(more ...string) {
	f.t.Helper()
	s := f.settings(more...)
	f.knobs.set(&s.operateSettings)
	if err := f.changes.take(s); err != nil {
		f.t.Fatal(err)
	}
}

// ask returns the server's answer to a request of another machine. Headers follow as name and value.
func (f *family) ask(method, path string, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, "http://localhost"+path, nil)
	request.Header.Set("Authorization", "Bearer "+f.key)
	for i := 0; i < len(headers); i += 2 {
		if request.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	answer := httptest.NewRecorder()
	f.handler.ServeHTTP(answer, request)
	return answer
}

// room returns the name of a room that nobody was in.
func (f *family) room() string {
	f.names++
	return fmt.Sprintf("room-%d", f.names)
}

// enter has somebody join a room, until the function that it returns is called. layout is what the room
// shows.
func (f *family) enter(room string) (layout string, leave func(), err error) {
	shown := make(chan string, 100)
	p, err := f.rooms.Join(mcu.JoinOptions{Room: room, Fed: true, Send: func(m control.Message) {
		if l, ok := control.Plain(m).(control.Layout); ok {
			shown <- l.Name
		}
	}})
	if err != nil {
		return "", func() {}, err
	}
	select {
	case layout = <-shown:
	case <-time.After(poll.Patience):
	}
	return layout, func() { p.Leave(); <-p.Done() }, nil
}

// crowd has two join a room each, or the same, and says whether the second may.
func (f *family) crowd(first, second string) string {
	_, leave, err := f.enter(first)
	if err != nil {
		return err.Error()
	}
	defer leave()
	_, leave, err = f.enter(second)
	defer leave()
	return word(err)
}

// record begins two recordings, of two rooms or of one, and says whether the second may begin.
func (f *family) record(first, second string) string {
	for _, room := range []string{first, second} {
		_, leave, err := f.enter(room)
		if err != nil {
			return err.Error()
		}
		defer leave()
	}
	one, err := f.changes.recorder.Start(first, record.Options{})
	if err != nil {
		return word(err)
	}
	defer f.changes.recorder.Stop(context.Background(), first, one.ID) //nolint:errcheck // it is thrown away
	two, err := f.changes.recorder.Start(second, record.Options{})
	if err == nil {
		_, _ = f.changes.recorder.Stop(context.Background(), second, two.ID)
	}
	return word(err)
}

// word is what a wish came to, in a word.
func word(err error) string {
	for _, flag := range []string{"--max-recordings", "--max-room-recordings", "--min-free"} {
		if err != nil && strings.Contains(err.Error(), flag) {
			return flag
		}
	}
	if err != nil {
		return "refused"
	}
	return "taken"
}

// after returns the status of a request that several like it go before, all within a second, because one more may come each
// second.
func (f *family) after(n int, method, path string) string {
	code := 0
	poll.Until(f.t, "a second for the requests", func() bool {
		began := time.Now()
		for range n {
			code = f.ask(method, path).Code
		}
		return time.Since(began) < time.Second
	})
	return strconv.Itoa(code)
}

// reloads are the settings that change without a restart: what is seen of each before and after, or the
// test that sees it, and where it stands.
var reloads = map[string]struct {
	to      string // flags
	see     func(*family) string
	was, is string
	test    string // in file:function
}{
	"log-level": {
		to: "--log-level debug", was: "INFO", is: "DEBUG",
		see: func(f *family) string { return f.knobs.level.Level().String() },
	},
	"log-privacy": {
		to: "--log-privacy", was: "Ada", is: "",
		see: func(f *family) string {
			f.log.Reset()
			f.settings().log(f.log, f.knobs).Info("joined", "name", "Ada")
			_, name, _ := strings.Cut(strings.TrimSpace(f.log.String()), "name=")
			return name
		},
	},
	"drain-timeout": {
		to: "--drain-timeout 5m", was: "0s", is: "5m0s",
		see: func(f *family) string { return time.Duration(f.knobs.within.Load()).String() },
	},
	"host": {
		to: "--host mix.example", was: "421", is: "200",
		see: func(f *family) string { return strconv.Itoa(f.ask("GET", "/", "Host", "mix.example").Code) },
	},
	"allow-origin": {
		to: "--allow-origin https://shop.example", was: "", is: "https://shop.example",
		see: func(f *family) string {
			return f.ask("GET", "/healthz", "Origin", "https://shop.example").Header().Get("Access-Control-Allow-Origin")
		},
	},
	"embed-origin": {
		to: "--embed-origin https://shop.example", was: "'self'", is: "'self' https://shop.example",
		see: func(f *family) string {
			_, who, _ := strings.Cut(f.ask("GET", "/").Header().Get("Content-Security-Policy"), "frame-ancestors ")
			return who
		},
	},
	"api-rate":     {to: "--api-rate 1", was: "200", is: "429", see: func(f *family) string { return f.after(7, "GET", "/api/v1/rooms") }},
	"address-rate": {to: "--address-rate 1", was: "415", is: "429", see: func(f *family) string { return f.after(7, "POST", "/whep/none") }},
	"ice-server": {
		to: "--ice-server stun:a.example", was: "[]", is: "[stun:a.example]",
		see: func(f *family) string {
			urls := []string{}
			for _, s := range f.rooms.ICEServers() {
				urls = append(urls, s.URLs...)
			}
			return fmt.Sprint(urls)
		},
	},
	"layout": {
		to: "--layout speaker", was: "grid", is: "speaker",
		see: func(f *family) string {
			name, leave, _ := f.enter(f.room())
			defer leave()
			return name
		},
	},
	"layouts": {
		to: "--layouts FILE", was: "404", is: "409", // a program cannot remove one of the operator's
		see: func(f *family) string {
			return strconv.Itoa(f.ask("DELETE", "/api/v1/layouts/wide").Code)
		},
	},
	"max-rooms": {
		to: "--max-rooms 1", was: "taken", is: "refused",
		see: func(f *family) string { return f.crowd(f.room(), f.room()) },
	},
	"max-participants": {
		to: "--max-participants 1", was: "taken", is: "refused",
		see: func(f *family) string { room := f.room(); return f.crowd(room, room) },
	},
	"max-recordings": {
		to: "--max-recordings 1", was: "taken", is: "--max-recordings",
		see: func(f *family) string { return f.record(f.room(), f.room()) },
	},
	"max-room-recordings": {
		to: "--max-room-recordings 1", was: "taken", is: "--max-room-recordings",
		see: func(f *family) string { room := f.room(); return f.record(room, room) },
	},
	"min-free": {
		to: "--min-free 999999999", was: "taken", is: "--min-free",
		see: func(f *family) string { room := f.room(); return f.record(room, room) },
	},
	"webhook": {
		to: "--webhook http://127.0.0.1:9/hook --webhook-secret x", was: "false", is: "true",
		see: func(f *family) string {
			return strconv.FormatBool(strings.Contains(f.ask("GET", "/metrics").Body.String(), `tilemix_webhook_queued_events{webhook="127.0.0.1:9#1"}`))
		},
	},
	"webhook-secret":      {test: "signaling/webhook/change_test.go:TestChange"},
	"max-recording":       {test: "mcu/record/limits_test.go:TestBound"},
	"keep-recordings":     {test: "mcu/record/limits_test.go:TestBound"},
	"max-recordings-size": {test: "mcu/record/limits_test.go:TestBound"},
	"recordings-dry-run":  {test: "mcu/record/limits_test.go:TestBound"},
	"transition":          {test: "mcu/change_internal_test.go:TestChange"},
	"max-tiles":           {test: "mcu/change_internal_test.go:TestChange"},
	"video-bitrate":       {test: "mcu/change_internal_test.go:TestChange"},
	"audio-bitrate":       {test: "mcu/change_internal_test.go:TestChange"},
	"keep-loudness":       {test: "mcu/change_internal_test.go:TestChange"},
}

// TestReloads changes each setting that has the tag reload, and sees what becomes of it, there and back.
func TestReloads(t *testing.T) {
	parser, err := newParser(new(commands))
	if err != nil {
		t.Fatal(err)
	}
	var tagged []string
	for _, flag := range serveFlags(parser) {
		if flag.Tag.Has(reloadTag) {
			tagged = append(tagged, flag.Name)
		}
	}
	slices.Sort(tagged)
	if names := slices.Sorted(maps.Keys(reloads)); !slices.Equal(names, tagged) {
		t.Fatalf("settings with the tag reload are %v, and those that are tested %v", tagged, names)
	}
	f := newFamily(t)
	file := filepath.Join(t.TempDir(), "layouts.json")
	if err := os.WriteFile(file, []byte(wideLayout), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, row := range reloads {
		if row.see == nil {
			path, function, _ := strings.Cut(row.test, ":")
			if text, err := os.ReadFile(filepath.Join(root, path)); err != nil || !bytes.Contains(text, []byte("\nfunc "+function+"(")) {
				t.Errorf("%s: %s sees nothing: %v", name, row.test, err)
			}
			continue
		}
		for _, at := range []struct{ flags, want string }{{"", row.was}, {row.to, row.is}, {"", row.was}} {
			f.reload(strings.Fields(strings.ReplaceAll(at.flags, "FILE", file))...)
			if got := row.see(f); got != at.want {
				t.Errorf("%s: with %q it is %q, not %q", name, at.flags, got, at.want)
			}
			poll.Until(t, "no rooms", func() bool { return len(f.rooms.Rooms()) == 0 }) // a seat is given up just after its participant is done
		}
	}
}

const wideLayout = `{"name":"wide","layouts":[{"max":1,"slots":[{"at":[0,0,1,1]}]}]}`

// tick is the time of a picture in 90 kHz.
const tick = 3000

// TestReloadsInCall reads settings 100 times in a call, each time others: its viewer gets each picture that
// is due.
func TestReloadsInCall(t *testing.T) {
	f := newFamily(t)
	site := httptest.NewServer(f.handler)
	t.Cleanup(site.Close)
	f.base = append(f.base, "--max-rooms", "50")
	meet := func(path string, o rtctest.Options) *rtctest.Client {
		client := rtctest.New(t, o)
		ctx, cancel := context.WithTimeout(t.Context(), rtctest.Patience)
		defer cancel()
		offer, err := client.Offer(ctx)
		if err == nil {
			var request *http.Request
			request, err = http.NewRequestWithContext(ctx, "POST", site.URL+path, strings.NewReader(offer))
			if err == nil {
				request.Header.Set("Content-Type", "application/sdp")
				var response *http.Response
				if response, err = http.DefaultClient.Do(request); err == nil {
					var answer bytes.Buffer
					_, _ = answer.ReadFrom(response.Body)
					response.Body.Close()
					err = client.Answer(ctx, answer.String())
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		return client
	}
	meet("/whip/demo?name=Ada", rtctest.Options{Direction: webrtc.RTPTransceiverDirectionSendonly}).
		Film(rtctest.Camera{Numbered: true, FrameRate: 30, Draw: func(img *image.YCbCr, at time.Duration) {
			signal.Colour{Y: uint8(60 + at/(20*time.Millisecond)%128), Cb: 100, Cr: 150}.Paint(img)
		}})
	eye := meet("/whep/demo", rtctest.Options{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	var last uint32
	var pictures, gaps, keys int
	await := func(n int) {
		eye.VideoSink.Await("pictures", func(p rtctest.Picture) error {
			pictures++
			if ticks := int(p.Timestamp-last+tick/2) / tick; pictures > 1 && ticks > 1 {
				gaps += ticks - 1
			}
			if p.Key {
				keys++
			}
			if last = p.Timestamp; pictures < n {
				return fmt.Errorf("there were %d", pictures)
			}
			return nil
		})
	}
	await(30)
	gaps, keys = 0, 0
	missed := func() (n int) { // where the machine had no time
		for _, name := range []string{"tilemix_missed_ticks_total", "tilemix_pictures_skipped_total", "tilemix_downlink_dropped_total"} {
			n += int(ready.Sum(name, f.rooms.Collectors()))
		}
		return n
	}
	before, crowd := missed(), poll.Crowd(t)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for n := range 100 {
			f.reload("--max-rooms", strconv.Itoa(10+n), "--layout", []string{"grid", "speaker"}[n%2], "--ice-server", "stun:h"+strconv.Itoa(n))
			time.Sleep(20 * time.Millisecond) // in which pictures come
		}
	}()
	for done := false; !done; {
		await(pictures + 10)
		select {
		case <-over:
			done = true
		default:
		}
	}
	left, others := missed()-before, crowd()
	// The camera is of this process too. Where it is a tick late, the mix has no other picture than before, and none is sent.
	const late = 2
	if gaps > late && others < poll.Crowded {
		t.Errorf("%d of %d pictures are missing because of reloads, and the server knows of %d; others used %.2f cores", gaps, pictures, left, others)
	}
	if keys > 0 {
		t.Errorf("the stream began anew %d times", keys)
	}
	t.Logf("%d of %d pictures are missing, and the server knows of %d; others used %.2f cores", gaps, pictures, left, others)
}
