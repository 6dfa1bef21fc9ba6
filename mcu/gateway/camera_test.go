package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/rtc/rtctest"
)

// ipCamera is an RTSP server that FFmpeg feeds with a film. It sends by UDP as well as by TCP, as far
// as its fields say. Its goroutines are the server's.
type ipCamera struct {
	t          *testing.T
	refusesTCP bool              // answers 461
	silentTCP  bool              // takes it, and sends nothing
	password   string            // of its user "admin"; "": none
	moved      map[string]string // paths, and where they are now
	server     gortsplib.Server

	mu     sync.Mutex
	stream *gortsplib.ServerStream // nil: nobody feeds it
	silent *gortsplib.ServerStream // the same, without packets
	ready  chan struct{}           // closed when it is fed
}

// start runs the camera, which shows a film of FFmpeg's arguments.
func (c *ipCamera) start(film string, args ...string) {
	c.t.Helper()
	c.ready = make(chan struct{})
	c.listen()
	c.t.Cleanup(func() {
		c.server.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.stream != nil {
			c.stream.Close()
			c.silent.Close()
		}
	})
	all := append([]string{"-v", "error", "-re", "-stream_loop", "-1", "-i", film}, args...)
	feed := exec.CommandContext(c.t.Context(), "ffmpeg", append(all, "-f", "rtsp", "-rtsp_transport", "tcp", c.url("feed"))...)
	if err := feed.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		_ = feed.Process.Kill()
		_ = feed.Wait()
	})
	select {
	case <-c.ready:
	case <-time.After(rtctest.Patience):
		c.t.Fatal("FFmpeg does not feed the camera")
	}
}

func (c *ipCamera) url(path string) string { return "rtsp://" + c.server.RTSPAddress + "/" + path }

// listen starts the server on three ports in a row that nobody has. The first is even, as RTP wants.
func (c *ipCamera) listen() {
	c.t.Helper()
	var err error
	for range 100 {
		port := 20_000 + 4*rand.IntN(3000) // below those that the kernel gives away
		c.server = gortsplib.Server{
			Handler: c, RTSPAddress: fmt.Sprintf("127.0.0.1:%d", port+2),
			UDPRTPAddress: fmt.Sprintf("127.0.0.1:%d", port), UDPRTCPAddress: fmt.Sprintf("127.0.0.1:%d", port+1),
		}
		if err = c.server.Start(); err == nil {
			return
		}
	}
	c.t.Fatal(err)
}

func status(code base.StatusCode) *base.Response { return &base.Response{StatusCode: code} }

// OnAnnounce takes the feed.
func (c *ipCamera) OnAnnounce(ctx *gortsplib.ServerHandlerOnAnnounceCtx) (*base.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stream = &gortsplib.ServerStream{Server: &c.server, Desc: ctx.Description}
	c.silent = &gortsplib.ServerStream{Server: &c.server, Desc: ctx.Description}
	if err := c.stream.Initialize(); err != nil {
		return nil, err
	}
	return status(base.StatusOK), c.silent.Initialize()
}

// OnRecord passes the feed on.
func (c *ipCamera) OnRecord(ctx *gortsplib.ServerHandlerOnRecordCtx) (*base.Response, error) {
	ctx.Session.OnPacketRTPAny(func(m *description.Media, _ format.Format, p *rtp.Packet) { _ = c.stream.WritePacketRTP(m, p) })
	close(c.ready)
	return status(base.StatusOK), nil
}

// OnDescribe describes the stream to those who know the password.
func (c *ipCamera) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if to, ok := c.moved[strings.Trim(ctx.Path, "/")]; ok {
		return &base.Response{StatusCode: base.StatusMovedPermanently, Header: base.Header{"Location": base.HeaderValue{to}}}, nil, nil
	}
	if c.password != "" && !ctx.Conn.VerifyCredentials(ctx.Request, "admin", c.password) {
		return status(base.StatusUnauthorized), nil, liberrors.ErrServerAuth{}
	}
	return status(base.StatusOK), c.stream, nil
}

// OnSetup refuses TCP, if the camera does.
func (c *ipCamera) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	tcp := ctx.Transport.Protocol == gortsplib.ProtocolTCP
	switch {
	case ctx.Session.State() == gortsplib.ServerSessionStatePreRecord:
		return status(base.StatusOK), nil, nil
	case tcp && c.refusesTCP:
		return status(base.StatusUnsupportedTransport), nil, nil
	case tcp && c.silentTCP:
		return status(base.StatusOK), c.silent, nil
	}
	return status(base.StatusOK), c.stream, nil
}

// OnPlay lets everybody play.
func (c *ipCamera) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return status(base.StatusOK), nil
}

// TestRTSP reads cameras by TCP and by UDP, with a password, and where they have moved to.
func TestRTSP(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	file := filepath.Join(t.TempDir(), "camera.mp4")
	film(t, file, "-t", "10", "-c:v", "libx264", "-tune", "zerolatency", "-c:a", "aac")
	for _, c := range []struct {
		name   string
		camera *ipCamera
		path   string
	}{
		{"TCP", &ipCamera{}, key},
		{"UDP alone", &ipCamera{refusesTCP: true}, key},
		{"nothing by TCP", &ipCamera{silentTCP: true}, key},
		{"password", &ipCamera{password: key}, key},
		{"moved", &ipCamera{password: key, moved: map[string]string{key: "rtsp://HOST/elsewhere"}}, key},
	} {
		if testing.Short() && c.name != "UDP alone" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, room := s.within(t), strings.ReplaceAll(c.name, " ", "-")
			vic := s.enter(room, "Vic", webrtc.RTPTransceiverDirectionRecvonly)
			c.camera.t = t
			c.camera.start(file, "-c", "copy")
			url := c.camera.url(c.path)
			if c.camera.password != "" {
				url = strings.Replace(url, "rtsp://", "rtsp://admin:"+key+"@", 1)
			}
			for from, to := range c.camera.moved {
				c.camera.moved[from] = strings.Replace(to, "HOST", c.camera.server.RTSPAddress, 1)
			}
			i, err := s.AddInput(t.Context(), room, gateway.InputOptions{URL: url})
			if err != nil {
				t.Fatal(err)
			}
			expect(vic)
			if err := s.Remove(t.Context(), gateway.Input, room, i.ID); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestRTSPRefused reads cameras that send the server where it must not go, that want another
// password, and that are not there. Nothing connects to the first, and the reasons name no address.
func TestRTSPRefused(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	s.act("refused")
	file := filepath.Join(t.TempDir(), "camera.mp4")
	film(t, file, "-t", "10", "-c:v", "libx264", "-tune", "zerolatency", "-c:a", "aac")
	camera := &ipCamera{t: t, password: key, moved: map[string]string{
		"meta": "rtsp://169.254.169.254:9999/latest/" + key, "round": "rtsp://localhost/round", "web": "http://127.0.0.1/",
	}}
	camera.start(file, "-c", "copy")
	camera.moved["round"] = camera.url("round")
	for url, why := range map[string]string{
		camera.url("meta"):  "link-local or metadata address",
		camera.url("round"): "redirects more than 3 times",
		camera.url("web"):   "redirects to what is no rtsp URL",
		camera.url("none"):  "401",
		"rtsp://localhost:" + mcutest.Port(t) + "/" + key: "refused",
	} {
		i, err := s.AddInput(t.Context(), "refused", gateway.InputOptions{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		down := s.await(gateway.Input, "refused", i.ID, "it to be refused", failed)
		if !strings.Contains(down.Reason, why) || strings.Contains(down.Reason, "169.254") || strings.Contains(down.Reason, "127.0.0.1") {
			t.Errorf("%s: %q, want %q", url, down.Reason, why)
		}
		if err := s.Remove(t.Context(), gateway.Input, "refused", i.ID); err != nil {
			t.Fatal(err)
		}
	}
}
