package join_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tilemix/cmd/tilemix/join"
	"tilemix/codec/codectest"
	"tilemix/codec/h264"
	"tilemix/codec/pcm"
	"tilemix/mcu"
	"tilemix/mcu/capture"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
	"tilemix/mcu/rtc/whip"
	"tilemix/signaling"
)

// serve runs a real server on an address until stop is called, or the test ends, and
// returns its own address.
func serve(t *testing.T, address string) (at string, stop func()) {
	t.Helper()
	at, _, stop = serveRooms(t, address)
	return at, stop
}

// serveRooms is serve, and returns the rooms too.
func serveRooms(t *testing.T, address string) (at string, rooms *mcu.Server, stop func()) {
	t.Helper()
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	quiet := slog.New(slog.DiscardHandler)
	rooms, err := mcu.NewServer(mcu.DefaultConfig(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	site, err := signaling.New(rooms, signaling.Default(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	pages := &http.Server{Handler: site}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = rooms.Run(ctx) })
	wg.Go(func() { _ = pages.Serve(listener) })
	stop = sync.OnceFunc(func() {
		cancel()
		_ = pages.Close()
		wg.Wait()
	})
	t.Cleanup(stop)
	return listener.Addr().String(), rooms, stop
}

// missed returns how many blocks of sound and how many pictures the clocks of rooms have left out, because the
// machine held them up.
func missed(t *testing.T, rooms *mcu.Server) (blocks, pictures float64) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(rooms.Collectors()...)
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range all {
		for _, m := range family.Metric {
			if family.GetName() != "tilemix_missed_ticks_total" {
				continue
			}
			switch n := m.Counter.GetValue(); m.Label[0].GetValue() {
			case "sound":
				blocks += n
			case "picture":
				pictures += n
			}
		}
	}
	return blocks, pictures
}

// said is what a command prints, which others may wait for.
type said struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// await waits until the command has said something so many times.
func (s *said) await(t *testing.T, what string, times int) {
	t.Helper()
	for end := time.Now().Add(rtctest.Patience); strings.Count(s.String(), what) < times; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never said %q %d times, but\n%s", what, times, s)
		}
	}
}

// start runs a command, which leave ends.
func start(t *testing.T, c join.Command) (out *said, leave func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out = &said{}
	done := make(chan error, 1)
	go func() { done <- c.Join(ctx, out) }()
	var result error
	end := sync.OnceFunc(func() {
		cancel()
		result = <-done
	})
	t.Cleanup(end)
	return out, func() error { end(); return result }
}

// command is one that joins a test's room.
func command(server string) join.Command {
	return join.Command{Server: "http://" + server, Room: "test", Name: "Ada", Size: "1280x720", FrameRate: 30}
}

// enter has a client join by WHIP.
func enter(t *testing.T, server, name string) *rtctest.Client {
	t.Helper()
	client := rtctest.New(t, rtctest.Options{Buffered: true})
	session := whip.New(http.DefaultClient, whip.Room(server, "test", name, false))
	offer, err := client.Offer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := session.Exchange(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Answer(t.Context(), answer); err != nil {
		t.Fatal(err)
	}
	return client
}

// TestJoin has the command and another client in a call: that client sees the bars in a tile of the
// size that was asked for and hears the tone, and the command records the mix.
func TestJoin(t *testing.T) {
	server, rooms, _ := serveRooms(t, "127.0.0.1:0")
	c := command(server)
	c.Camera, c.Mic, c.Record = capture.Test, capture.Test, filepath.Join(t.TempDir(), "call.mp4")
	out, leave := start(t, c)
	out.await(t, "joined test as Ada\n", 1)

	eve := enter(t, c.Server, "Eve")
	began := time.Now()
	// Of two tiles, the command's is the left: 628x524 in a canvas of 1280x720.
	green := signal.Colour{Y: 109, Cb: 54, Cr: 34} // three quarters of the driver's luma
	eve.VideoSink.Await("the bars", func(p rtctest.Picture) error {
		if got := signal.Mean(p.Image, image.Rect(310, 250, 330, 350)); got.Distance(green) > 12 {
			return fmt.Errorf("the middle of the tile is %v", got)
		}
		return nil
	})
	var heard []float32
	eve.AudioSink.Await("the tone", func(s rtctest.Sound) error {
		heard = append(heard, s.Block...)
		heard = heard[max(0, len(heard)-10*pcm.Samples):]
		if a := signal.Amplitude(heard, 480); a < 0.1 {
			return fmt.Errorf("its amplitude is %.3f", a)
		}
		return nil
	})
	// The camera has 640x480, which is too large beside two others.
	enter(t, c.Server, "Bob")
	out.await(t, "sends 618x464", 1)
	time.Sleep(max(0, 4*time.Second-time.Since(began)))
	if err := leave(); err != nil {
		t.Fatal(err)
	}
	blocks, pictures := missed(t, rooms)
	checkRecording(t, c.Record, out.String(), blocks, pictures)
	checkGone(t, c.Server)
}

// TestJoinScreen shares a screen: it has the larger part of the picture, and the command sends what
// its tile needs.
func TestJoinScreen(t *testing.T) {
	server, _ := serve(t, "127.0.0.1:0")
	c := command(server)
	c.Screen = capture.Test
	out, leave := start(t, c)
	out.await(t, "joined test as Ada\n", 1)
	eve := enter(t, c.Server, "Eve")
	green := signal.Colour{Y: 109, Cb: 54, Cr: 34}
	eve.VideoSink.Await("the bars in the middle of the canvas's left part", func(p rtctest.Picture) error {
		if got := signal.Mean(p.Image, image.Rect(545, 250, 565, 450)); got.Distance(green) > 12 {
			return fmt.Errorf("it is %v", got)
		}
		return nil
	})
	if err := leave(); err != nil {
		t.Fatal(err)
	}
}

// checkRecording holds a file to what the command said of it. The server has left so many packets of sound and so many
// pictures out.
func checkRecording(t *testing.T, file, said string, lostPackets, lostPictures float64) {
	t.Helper()
	told := regexp.MustCompile(`recorded ([0-9.]+)s, ([0-9]+) bytes`).FindStringSubmatch(said)
	info, err := os.Stat(file)
	if err != nil || told == nil || told[2] != strconv.FormatInt(info.Size(), 10) {
		t.Fatalf("the file is %v, %v; said was\n%s", info, err, said)
	}
	tool := codectest.Program(t, "ffprobe")
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), tool, "-v", "warning", "-count_frames", "-show_streams", "-show_format", "-of", "json", file)
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("ffprobe: %v, %s", err, &stderr)
	}
	var found struct {
		Streams []struct {
			Kind   string `json:"codec_name"`
			Frames string `json:"nb_read_frames"`
		}
		Format struct{ Duration string }
	}
	if err := json.Unmarshal(output, &found); err != nil || len(found.Streams) != 2 {
		t.Fatalf("ffprobe: %v, %s", err, output)
	}
	seconds, _ := strconv.ParseFloat(found.Format.Duration, 64)
	want, _ := strconv.ParseFloat(told[1], 64)
	pictures, _ := strconv.Atoi(found.Streams[0].Frames)
	packets, _ := strconv.Atoi(found.Streams[1].Frames)
	if seconds < 3 || seconds < want-0.1 || seconds > want+0.1 {
		t.Errorf("the file is %.2f s long, not %.2f", seconds, want)
	}
	if float64(pictures) < 5*seconds-lostPictures || float64(packets) < 49*seconds-10-lostPackets || found.Streams[0].Kind != "h264" || found.Streams[1].Kind != "opus" {
		t.Errorf("the file has %+v in %.2f s", found.Streams, seconds)
	}
}

// checkGone expects Eve and Bob to be left in the room.
func checkGone(t *testing.T, server string) {
	t.Helper()
	for end := time.Now().Add(rtctest.Patience); ; time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(server + "/api/v1/rooms")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if bytes.Contains(body, []byte(`"participants":2`)) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("has not left: %s", body)
		}
	}
}

// TestComesBack has the server end and begin again.
func TestComesBack(t *testing.T) {
	server, stop := serve(t, "127.0.0.1:"+mcutest.Port(t)) // twice
	c := command(server)
	c.Mic = capture.Test
	out, leave := start(t, c)
	out.await(t, "joined", 1)
	stop()
	out.await(t, "again in", 1)
	serve(t, server)
	out.await(t, "joined", 2)
	if err := leave(); err != nil {
		t.Error(err)
	}
}

// TestLostReturn ends the session, and the request to come back does not arrive: the command sends it
// again, to the address by which it may come back.
func TestLostReturn(t *testing.T) {
	server, _ := serve(t, "127.0.0.1:0")
	var mu sync.Mutex // guards what follows
	var asked, sessions []string
	pass := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: server})
	pass.ModifyResponse = func(r *http.Response) error {
		if r.Request.Method != http.MethodPost {
			return nil
		}
		mu.Lock()
		defer mu.Unlock()
		sessions = append(sessions, r.Header.Get("Location"))
		return nil
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch { // a slow machine stalls
			pass.ServeHTTP(w, r)
			return
		}
		mu.Lock()
		asked = append(asked, r.Method+" "+r.URL.Path+" "+strconv.FormatBool(r.URL.Query().Has("resume")))
		lost := len(asked) == 2
		mu.Unlock()
		if lost {
			panic(http.ErrAbortHandler)
		}
		pass.ServeHTTP(w, r)
	}))
	defer front.Close()
	c := command(front.Listener.Addr().String())
	c.Mic = capture.Test
	out, leave := start(t, c)
	out.await(t, "joined", 1)
	mu.Lock()
	first := sessions[0]
	mu.Unlock()
	session, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "http://"+server+first, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(session)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	out.await(t, "joined", 2)
	if err := leave(); err != nil {
		t.Errorf("the end: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{"POST /whip/test false", "POST /whip/test true", "POST /whip/test true"}
	for range len(asked) - len(want) - 1 { // a busy machine may lose the connection, and the command comes back again
		want = append(want, "POST /whip/test true")
	}
	want = append(want, "DELETE "+sessions[len(sessions)-1]+" false")
	if !slices.Equal(asked, want) {
		t.Errorf("asked was %q, not %q", asked, want)
	}
}

// TestFile has a file as camera and microphone: the call ends with it. On a busy machine a short film may end before
// the call connects, so a longer one follows.
func TestFile(t *testing.T) {
	tool := codectest.Program(t, "ffmpeg")
	server, _ := serve(t, "127.0.0.1:0")
	var out *said
	var err error
	for _, seconds := range []string{"2", "15"} {
		film := filepath.Join(t.TempDir(), "a film.mkv")
		if out, err := exec.CommandContext(t.Context(), tool, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25",
			"-f", "lavfi", "-i", "sine", "-t", seconds, film).CombinedOutput(); err != nil {
			t.Fatalf("ffmpeg: %v, %s", err, out)
		}
		c := command(server)
		c.Camera, c.Mic = film, film
		out = &said{}
		if err = c.Join(t.Context(), out); err == nil && strings.Contains(out.String(), "sends 320x240, 30 pictures/s") {
			return
		}
	}
	t.Errorf("it ended with %v, said was\n%s", err, out)
}

// TestRefuses is about what cannot work.
func TestRefuses(t *testing.T) {
	server, _ := serve(t, "127.0.0.1:0")
	there := filepath.Join(t.TempDir(), "there.mp4")
	if err := os.WriteFile(there, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*join.Command)
		want   string
	}{
		"server":     {func(c *join.Command) { c.Server = "example" }, "no address"},
		"room":       {func(c *join.Command) { c.Room = "a b" }, "400"},
		"camera":     {func(c *join.Command) { c.Camera = "/dev/video77" }, "no such device"},
		"no film":    {func(c *join.Command) { c.Camera = there }, "FFmpeg"},
		"size":       {func(c *join.Command) { c.Size = "big" }, "size"},
		"frame rate": {func(c *join.Command) { c.FrameRate = 0 }, "frame rate"},
		"recording":  {func(c *join.Command) { c.Record = there }, "exists"},
		"nobody": {func(c *join.Command) {
			c.Server, c.Duration = "http://127.0.0.1:1", time.Second
		}, "never joined"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := command(server)
			c.change(&cmd)
			if err := cmd.Join(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, not one with %q", err, c.want)
			}
		})
	}
	if old, err := os.ReadFile(there); err != nil || string(old) != "old" {
		t.Errorf("the file that was there is %q, %v", old, err)
	}
	c := command(server)
	c.Camera = "/dev/video77"
	if err := c.Join(t.Context(), io.Discard); !errors.Is(err, capture.ErrNoDevice) {
		t.Errorf("the error is %v", err)
	}
}

// TestSecrets looks at what a client brings to a closed room.
func TestSecrets(t *testing.T) {
	var brought string
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		brought = r.Header.Get("Authorization") + "|" + r.Header.Get("Tilemix-Pin") + "|" + r.URL.RawQuery
		w.WriteHeader(http.StatusForbidden)
	}))
	defer front.Close()
	for _, test := range []struct {
		change func(*join.Command)
		want   string
	}{
		{func(*join.Command) {}, "||name=Ada"},
		{func(c *join.Command) { c.Token = "a.b.c" }, "Bearer a.b.c||name=Ada"},
		{func(c *join.Command) { c.Invite = "https://meet.example/r/test#i=tmi_x" }, "Bearer tmi_x||name=Ada"},
		{func(c *join.Command) { c.Invite, c.PIN = "tmi_x", "1234" }, "Bearer tmi_x|1234|name=Ada"},
	} {
		cmd := command(front.Listener.Addr().String())
		test.change(&cmd)
		if err := cmd.Join(t.Context(), io.Discard); err == nil || brought != test.want {
			t.Errorf("it brings %q, want %q (%v)", brought, test.want, err)
		}
	}
}
