package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/gateway/address"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// red is FFmpeg's.
var red = signal.Colour{Y: 81, Cb: 90, Cr: 240}

// film makes a file of a red picture and a tone.
func film(t *testing.T, path string, args ...string) {
	t.Helper()
	all := append([]string{
		"-v", "error", "-y", "-f", "lavfi", "-i", "color=red:s=640x360:r=30", "-f", "lavfi", "-i", "sine=440",
		"-pix_fmt", "yuv420p", "-g", "30",
	}, args...)
	runTool(t, "ffmpeg", append(all, path)...)
}

// expect waits until a client sees and hears the film, which may end before it has been seen for long.
func expect(c *rtctest.Client) {
	var heard atomic.Bool
	defer c.AudioSink.Watch(func(s rtctest.Sound) {
		if signal.Amplitude(s.Block, 440) >= 0.02 {
			heard.Store(true)
		}
	})()
	c.VideoSink.Await("a red picture", func(p rtctest.Picture) error {
		b := p.Image.Rect
		part := image.Rect(b.Dx()*3/8, b.Dy()/4, b.Dx()*5/8, b.Dy()*3/8)
		if got := signal.Mean(p.Image, part); got.Distance(red) > 12 {
			return fmt.Errorf("it is %v", got)
		}
		return nil
	})
	c.AudioSink.Await("440 Hz", func(s rtctest.Sound) error {
		if !heard.Load() {
			return fmt.Errorf("they are %f", signal.Amplitude(s.Block, 440))
		}
		return nil
	})
}

// TestFilm plays files in a room, as they are and encoded anew. As one ends it
// leaves.
func TestFilm(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	for name, args := range map[string][]string{
		"plain.mp4":  {"-t", "4", "-c:v", "libx264", "-c:a", "aac"},                               // main profile, B pictures
		"opus.mkv":   {"-t", "6", "-c:v", "libx264", "-profile:v", "baseline", "-c:a", "libopus"}, // as calls have it
		"stream.ts":  {"-t", "6", "-c:v", "libx264", "-tune", "zerolatency", "-c:a", "mp2"},
		"other.webm": {"-t", "6", "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus"},
	} {
		if testing.Short() && name != "plain.mp4" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, room := s.within(t), strings.ReplaceAll(name, ".", "-")
			vic := s.enter(room, "Vic", webrtc.RTPTransceiverDirectionRecvonly)
			film(t, filepath.Join(s.dir, name), args...)
			i, err := s.AddInput(t.Context(), room, gateway.InputOptions{URL: "file:" + name})
			if err != nil {
				t.Fatal(err)
			}
			expect(vic)
			poll.Until(t, name+" to leave", func() bool {
				_, err := s.Get(gateway.Input, room, i.ID)
				return errors.Is(err, mcu.ErrNotFound)
			})
			vic.VideoSink.Await("it to be gone", func(p rtctest.Picture) error {
				if got := signal.Mean(p.Image, p.Image.Rect); got.Distance(red) < 60 {
					return fmt.Errorf("it is %v", got)
				}
				return nil
			})
		})
	}
}

// TestLoop begins a film again until it is removed.
func TestLoop(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	vic := s.enter("loop", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	film(t, filepath.Join(s.dir, "short.mp4"), "-t", "0.5", "-c:v", "libx264", "-c:a", "aac")
	i, err := s.AddInput(t.Context(), "loop", gateway.InputOptions{URL: "file:short.mp4", Name: "Film", Loop: true})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	expect(vic)
	vic.VideoSink.Await("three seconds", func(rtctest.Picture) error {
		if time.Since(began) < 3*time.Second {
			return errors.New("not yet")
		}
		return nil
	})
	expect(vic)
	if err := s.Remove(t.Context(), gateway.Input, "loop", i.ID); err != nil {
		t.Fatal(err)
	}
}

// TestCamera reads from servers that go away and come again.
func TestCamera(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	vic := s.enter("camera", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	file := filepath.Join(t.TempDir(), "camera.mp4")
	film(t, file, "-t", "30", "-c:v", "libx264", "-tune", "zerolatency", "-c:a", "aac")
	port := mcutest.Port(t)
	url := "rtmp://127.0.0.1:" + port + "/live/" + key
	i, err := s.AddInput(t.Context(), "camera", gateway.InputOptions{URL: url, Name: "Door"})
	if err != nil {
		t.Fatal(err)
	}
	s.await(gateway.Input, "camera", i.ID, "nobody to be there", in(gateway.Down))
	for range 2 {
		on, off := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { // FFmpeg serves one client, which may give up on a busy machine
			defer close(ended)
			for on.Err() == nil {
				_ = exec.CommandContext(on, "ffmpeg", "-v", "error", "-re", "-i", file, "-c", "copy", "-f", "flv", "-listen", "1", url).Run()
			}
		}()
		s.await(gateway.Input, "camera", i.ID, "the camera", in(gateway.Up))
		expect(vic)
		off()
		<-ended
		s.await(gateway.Input, "camera", i.ID, "its end", func(i gateway.Info) bool { return i.State != gateway.Up })
	}
	if err := s.Remove(t.Context(), gateway.Input, "camera", i.ID); err != nil {
		t.Fatal(err)
	}
}

// TestHTTP reads a file from a web server, and is led to where it must not go.
func TestHTTP(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	vic := s.enter("http", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	dir := t.TempDir()
	film(t, filepath.Join(dir, key+".mp4"), "-t", "10", "-c:v", "libx264", "-c:a", "aac")
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(dir)))
	mux.HandleFunc("/away/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://169.254.169.254/latest/"+key, http.StatusFound)
	})
	web := httptest.NewServer(mux)
	defer web.Close()
	i, err := s.AddInput(t.Context(), "http", gateway.InputOptions{URL: web.URL + "/" + key + ".mp4"})
	if err != nil {
		t.Fatal(err)
	}
	expect(vic)
	if err := s.Remove(t.Context(), gateway.Input, "http", i.ID); err != nil && !errors.Is(err, mcu.ErrNotFound) { // the film may be over
		t.Fatal(err)
	}
	if i, err = s.AddInput(t.Context(), "http", gateway.InputOptions{URL: web.URL + "/away/" + key + ".mp4"}); err != nil {
		t.Fatal(err)
	}
	down := s.await(gateway.Input, "http", i.ID, "it to be refused", failed)
	if !strings.Contains(down.Reason, "link-local or metadata address") {
		t.Errorf("it is %+v", down)
	}
	if err := s.Remove(t.Context(), gateway.Input, "http", i.ID); err != nil {
		t.Fatal(err)
	}
}

// TestFilesStayInside asks for files that are none of the data folder's.
func TestFilesStayInside(t *testing.T) {
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	s.enter("inside", "Ada", webrtc.RTPTransceiverDirectionSendonly)
	outside := filepath.Join(t.TempDir(), "secret.mp4")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Symlink(outside, filepath.Join(s.dir, "link.mp4")), os.Symlink(filepath.Dir(outside), filepath.Join(s.dir, "folder"))); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"file:link.mp4", "file:folder/secret.mp4", "file:none.mp4", "file:.", "file:folder", "file:../secret.mp4"} {
		if _, err := s.AddInput(t.Context(), "inside", gateway.InputOptions{URL: url}); !errors.Is(err, address.ErrRefused) || strings.Contains(err.Error(), s.dir) {
			t.Errorf("%s: %v", url, err)
		}
	}
	// A playlist in the folder leads nowhere.
	list := "ffconcat version 1.0\nfile '" + outside + "'\n"
	if err := os.WriteFile(filepath.Join(s.dir, "list.mp4"), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	i, err := s.AddInput(t.Context(), "inside", gateway.InputOptions{URL: "file:list.mp4"})
	if err != nil {
		t.Fatal(err)
	}
	down := s.await(gateway.Input, "inside", i.ID, "it to be refused", in(gateway.Down))
	t.Log(down.Reason)
	if n := len(s.Rooms()); n != 1 || s.Rooms()[0].Participants != 2 {
		t.Errorf("there are %+v", s.Rooms())
	}
}

// TestVain has files in which nothing is: they leave, and so their room ends.
func TestVain(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	ada, err := s.Join(mcu.JoinOptions{Room: "vain", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	room, err := s.Room("vain")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"list.m3u8": "#EXTM3U\n#EXTINF:4,\nx.ts\n#EXT-X-ENDLIST\n",
		"list.txt":  "ffconcat version 1.0\nfile x.ts\n",
		"noise.mp4": strings.Repeat("noise", 1000),
		"empty.mp4": "",
	} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AddInput(t.Context(), "vain", gateway.InputOptions{URL: "file:" + name, Loop: true}); err != nil {
			t.Fatal(err)
		}
	}
	ada.Leave()
	select {
	case <-room.Ended():
	case <-time.After(rtctest.Patience):
		t.Fatalf("there are still %+v", s.List(gateway.Input, "vain"))
	}
	if text := s.said.String(); !strings.Contains(text, `msg="link ended" room=vain input=`) || !strings.Contains(text, "given up after all attempts failed: ") {
		t.Errorf("it was said:\n%s", text)
	}
}
