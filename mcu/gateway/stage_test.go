package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"go.uber.org/goleak"

	"tilemix/codec/h264"
	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

func TestMain(m *testing.M) {
	if err := h264.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

// stage is a server with a gateway. When the test ends nothing may be left of both, and
// no key may have been told to anybody.
type stage struct {
	*mcu.Server
	*gateway.Gateway
	t   *testing.T
	dir string

	mu   sync.Mutex
	said bytes.Buffer // logs, and what was asked of the gateway
}

// key is in all addresses of these tests.
const key = "s3cr3tkey"

func (s *stage) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.said.Write(p)
}

func newStage(t *testing.T, change func(*gateway.Config)) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir()}
	log := slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug}))
	settings := mcu.DefaultConfig()
	settings.Width, settings.Height, settings.VideoBitrate = 640, 360, 800_000
	var err error
	if s.Server, err = mcu.NewServer(settings, log); err != nil {
		t.Fatal(err)
	}
	cfg := gateway.Default()
	cfg.Private, cfg.Dir = true, s.dir
	if change != nil {
		change(&cfg)
	}
	s.Gateway = gateway.New(cfg, s.Server, log)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Server.Run(ctx) })
	running.Go(func() { _ = s.Gateway.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		if text := s.said.String(); strings.Contains(text, key) || strings.Contains(text, "level=ERROR") {
			t.Errorf("it was said:\n%s", text)
		}
	})
	return s
}

// Run is neither's.
func (s *stage) Run() {}

// Collectors is neither's.
func (s *stage) Collectors() {}

// enter connects a client.
func (s *stage) enter(room, name string, d webrtc.RTPTransceiverDirection) *rtctest.Client {
	s.t.Helper()
	c, _ := s.seat(room, name, d)
	return c
}

// seat connects a client and returns its participant.
func (s *stage) seat(room, name string, d webrtc.RTPTransceiverDirection) (*rtctest.Client, *mcu.Participant) {
	s.t.Helper()
	p, err := s.Join(mcu.JoinOptions{Room: room, Name: name, Viewer: d == webrtc.RTPTransceiverDirectionRecvonly})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		p.Leave()
		<-p.Done()
	})
	c := rtctest.New(s.t, rtctest.Options{Direction: d})
	ctx, cancel := context.WithTimeout(s.t.Context(), rtctest.Patience)
	defer cancel()
	offer, err := c.Offer(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	answer, err := p.Offer(ctx, offer)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := c.Answer(ctx, answer); err != nil {
		s.t.Fatal(err)
	}
	return c, p
}

// texture is a pattern that moves: it takes bits to send.
func texture(img *image.YCbCr, at time.Duration) {
	t := int(at / (10 * time.Millisecond))
	for y := range img.Rect.Dy() {
		row := img.Y[y*img.YStride:][:img.Rect.Dx()]
		for x := range row {
			row[x] = uint8(80 + ((x+t)*(y+t/2)>>5)&31 + ((x-t)^y)&15)
		}
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 120, 136
	}
}

// act fills a room with somebody who is seen and heard.
func (s *stage) act(room string) {
	s.t.Helper()
	c := s.enter(room, "Ada", webrtc.RTPTransceiverDirectionSendonly)
	c.Film(rtctest.Camera{Draw: texture})
	c.Speak(signal.Tone(440, 0.5))
}

// await polls until a link is as it is to be.
func (s *stage) await(kind gateway.Kind, room, id, what string, ok func(gateway.Info) bool) gateway.Info {
	s.t.Helper()
	for deadline := time.Now().Add(rtctest.Patience); ; {
		i, err := s.Get(kind, room, id)
		if err != nil {
			s.t.Fatal(err)
		}
		told, _ := json.Marshal(i)
		fmt.Fprintln(s, string(told))
		if ok(i) {
			return i
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waited for %s: %s", what, told)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func in(state gateway.State) func(gateway.Info) bool {
	return func(i gateway.Info) bool { return i.State == state }
}

// tool finds a program, or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	return path
}

// freePort returns a port that nobody has.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// receiver is FFmpeg that waits for a push and keeps it in a file.
type receiver struct {
	t    *testing.T
	cmd  *exec.Cmd
	file string
	said bytes.Buffer
}

func receive(t *testing.T, args ...string) *receiver {
	t.Helper()
	r := &receiver{t: t, file: filepath.Join(t.TempDir(), "out.mkv")}
	all := append([]string{"-v", "error", "-nostdin", "-y"}, args...)
	all = append(all, "-map", "0", "-c", "copy", "-flush_packets", "1", r.file)
	r.cmd = exec.CommandContext(t.Context(), tool(t, "ffmpeg"), all...)
	r.cmd.Stderr = &r.said
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.kill)
	return r
}

func (r *receiver) kill() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// await waits until so much has come, and ends the receiver.
func (r *receiver) await(bytes int64) {
	r.t.Helper()
	for deadline := time.Now().Add(rtctest.Patience); ; {
		if i, err := os.Stat(r.file); err == nil && i.Size() >= bytes {
			break
		}
		if time.Now().After(deadline) {
			r.kill()
			r.t.Fatalf("nothing comes: %s", r.said.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
	r.kill()
}

// runTool runs a program of FFmpeg, which must give no warning.
func runTool(t *testing.T, name string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), tool(t, name), args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s %v: %v, %s", name, args, err, stderr.Bytes())
	}
	return string(out)
}
