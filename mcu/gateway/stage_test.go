package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/codec/codectest"
	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// stage is a server with a gateway. When the test ends nothing may be left of both, and
// no key may have been told to anybody.
type stage struct {
	*mcutest.Stage
	*gateway.Gateway
	t    *testing.T
	dir  string
	said *mcutest.Log // logs of the gateway, and what was asked of it
}

// within returns the stage for a subtest that runs beside others.
func (s *stage) within(t *testing.T) *stage {
	own := *s
	own.Stage, own.t = s.Within(t), t
	return &own
}

// key is in all addresses of these tests.
const key = "s3cr3tkey"

func newStage(t *testing.T, change func(*gateway.Config)) *stage {
	t.Helper()
	return stageOf(t, mcutest.Small(), change)
}

// stageOf is newStage with other settings of the server.
func stageOf(t *testing.T, settings mcu.Config, change func(*gateway.Config)) *stage {
	t.Helper()
	settings.FrameRate = mcu.DefaultConfig().FrameRate
	s := &stage{Stage: mcutest.Serve(t, settings), t: t, dir: t.TempDir(), said: &mcutest.Log{}}
	cfg := gateway.Default()
	cfg.Private, cfg.Dir, cfg.Cell = true, s.dir, mcutest.Cell(s.said.Logger())
	if change != nil {
		change(&cfg)
	}
	s.Gateway = gateway.New(cfg, s.Server, s.said.Logger())
	stop := mcutest.Beside(t, s.Gateway.Run)
	t.Cleanup(func() {
		s.Stop()
		stop()
		if text := s.said.String() + s.Log.String(); strings.Contains(text, key) || s.said.Faults() != "" {
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
	join := mcu.JoinOptions{Room: room, Name: name, Viewer: d == webrtc.RTPTransceiverDirectionRecvonly}
	p, c := s.Enter(join, rtctest.Options{Direction: d})
	return c, p
}

// act fills a room with somebody who is seen and heard.
func (s *stage) act(room string) {
	s.t.Helper()
	c := s.enter(room, "Ada", webrtc.RTPTransceiverDirectionSendonly)
	c.Film(rtctest.Camera{Draw: mcutest.Texture})
	c.Speak(signal.Tone(440, 0.5))
}

// await polls until a link is as it is to be.
func (s *stage) await(kind gateway.Kind, room, id, what string, ok func(gateway.Info) bool) gateway.Info {
	s.t.Helper()
	var i gateway.Info
	poll.Until(s.t, what, func() bool {
		var err error
		if i, err = s.Get(kind, room, id); err != nil {
			s.t.Fatal(err)
		}
		told, _ := json.Marshal(i)
		fmt.Fprintln(s.said, string(told))
		return ok(i)
	})
	return i
}

func in(state gateway.State) func(gateway.Info) bool {
	return func(i gateway.Info) bool { return i.State == state }
}

// failed tells whether an attempt has ended. An input is also down when an attempt goes on and has
// brought no picture for a time, as on a busy machine.
func failed(i gateway.Info) bool { return i.State == gateway.Down && !i.Next.IsZero() }

// tool finds a program, or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path := codectest.Program(t, name)
	return path
}

// receiver is FFmpeg that waits for a push and keeps it in a file.
type receiver struct {
	t     *testing.T
	args  []string
	file  string
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
	err   error         // of cmd, once it has ended
	said  bytes.Buffer  // by cmd, to be read once it has ended
}

func receive(t *testing.T, args ...string) *receiver {
	t.Helper()
	r := &receiver{t: t, file: filepath.Join(t.TempDir(), "out.mkv")}
	all := append([]string{"-v", "error", "-nostdin", "-y"}, args...)
	r.args = append(all, "-map", "0", "-c", "copy", "-flush_packets", "1", r.file)
	r.begin()
	t.Cleanup(r.kill)
	return r
}

// begin has FFmpeg wait for one client.
func (r *receiver) begin() {
	r.t.Helper()
	cmd, ended := exec.CommandContext(r.t.Context(), tool(r.t, "ffmpeg"), r.args...), make(chan struct{})
	cmd.Stderr = &r.said
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.cmd, r.ended = cmd, ended
	go func() {
		r.err = cmd.Wait()
		close(ended)
	}()
}

// again begins again if the client has given up, as one may on a busy machine.
func (r *receiver) again() {
	r.t.Helper()
	select {
	case <-r.ended:
		r.begin()
	default:
	}
}

// up is in(gateway.Up) of a push to the receiver.
func (r *receiver) up(i gateway.Info) bool {
	r.again()
	return i.State == gateway.Up
}

func (r *receiver) kill() {
	_ = r.cmd.Process.Kill()
	<-r.ended
}

// end has FFmpeg write its file to the end.
func (r *receiver) end() {
	_ = r.cmd.Process.Signal(os.Interrupt)
	late := time.AfterFunc(20*time.Second, func() { _ = r.cmd.Process.Kill() }) // which leaves half a file
	<-r.ended
	late.Stop()
}

// await waits until so much has come, and ends the receiver.
func (r *receiver) await(bytes int64) {
	r.t.Helper()
	defer func() {
		r.end()
		if r.t.Failed() {
			r.t.Logf("FFmpeg said: %s", r.said.String())
		}
	}()
	poll.Until(r.t, fmt.Sprintf("%d bytes in %s", bytes, r.file), func() bool {
		if i, err := os.Stat(r.file); err == nil && i.Size() >= bytes {
			return true
		}
		r.again()
		return false
	})
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
