package gateway_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/signal"
)

// encodes skips a test of an encoder that this FFmpeg does not have.
func encodes(t *testing.T, args []string) {
	t.Helper()
	for i, arg := range args[:len(args)-1] {
		if arg != "-c:v" && arg != "-c:a" || args[i+1] == "copy" {
			continue
		}
		out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-h", "encoder="+args[i+1]).CombinedOutput()
		if err != nil || strings.Contains(string(out), "not recognized") {
			t.Skipf("this FFmpeg does not encode %s", args[i+1])
		}
	}
}

// TestKinds plays what cameras, phones and programs of all ages make, from files and from cameras by RTSP.
// Each is seen and heard.
func TestKinds(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	vic := s.enter("kinds", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	plain := filepath.Join(t.TempDir(), "plain.mp4")
	film(t, plain, "-t", "10", "-c:v", "libx264", "-c:a", "aac")
	for _, c := range []struct{ name, file, args string }{ // without a file: a camera
		{"HEVC", "hevc.mp4", "-c:v libx265 -preset ultrafast -x265-params log-level=none -c:a aac"},
		{"HEVC with 10 bits", "deep.mkv", "-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p10le -c:a libopus"},
		{"VP9", "vp9.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a libopus"},
		{"AV1", "av1.mkv", "-c:v libaom-av1 -cpu-used 8 -usage realtime -c:a libopus"},
		{"MJPEG", "mjpeg.avi", "-c:v mjpeg -pix_fmt yuvj422p -c:a pcm_s16le"},
		{"MPEG-4 of an old phone", "phone.3gp", "-c:v mpeg4 -vf scale=176:144 -c:a aac -ar 8000"},
		{"H.263 of an old phone", "older.3gp", "-c:v h263 -vf scale=176:144 -c:a aac -ar 8000"},
		{"5.1 sound", "surround.mkv", "-c:v libx264 -c:a ac3 -ac 6"},
		{"camera of HEVC and G.711", "", "-c:v libx265 -preset ultrafast -x265-params log-level=none:repeat-headers=1 -c:a pcm_mulaw -ar 8000"},
		{"camera of MJPEG", "", "-c:v mjpeg -pix_fmt yuvj420p -force_duplicated_matrix 1 -huffman default -c:a pcm_alaw -ar 8000"},
		{"phone's camera of MPEG-4", "", "-c:v mpeg4 -c:a aac -ar 16000"},
		{"camera of VP8", "", "-c:v libvpx -deadline realtime -g 30 -c:a libopus"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && c.name != "camera of HEVC and G.711" {
				t.Skip("it takes seconds")
			}
			args := strings.Fields(c.args)
			encodes(t, args)
			url := "file:" + c.file
			if c.file == "" {
				camera := &ipCamera{t: t}
				camera.start(plain, args...)
				url = camera.url(key)
			} else {
				film(t, filepath.Join(s.dir, c.file), append([]string{"-t", "3"}, args...)...)
			}
			began := time.Now()
			i, err := s.AddInput(t.Context(), "kinds", gateway.InputOptions{URL: url, Loop: c.file != ""})
			if err != nil {
				t.Fatal(err)
			}
			expect(vic)
			up := s.await(gateway.Input, "kinds", i.ID, c.name, in(gateway.Up))
			t.Logf("it took %v: %s", time.Since(began), up.Transcoded)
			if err := s.Remove(t.Context(), gateway.Input, "kinds", i.ID); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestMotionJPEG reads pictures from web servers as phones and old cameras are: parts with a boundary of
// any form, as fast as the camera takes pictures, for ever. What is seen is new.
func TestMotionJPEG(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	for _, c := range []struct {
		name, kind, before, after string
		length                    bool // of each part is named
		rate                      int  // pictures a second
	}{
		{"phone", "multipart/x-mixed-replace; boundary=frame", "--frame\r\n", "\r\n", true, 10},
		{"camera that begins with a line", "multipart/x-mixed-replace;boundary=--myboundary", "\r\n--myboundary\r\n", "", true, 5},
		{"without lengths", `multipart/x-mixed-replace; boundary="b"`, "--b\r\n", "\r\n", false, 40},
	} {
		if testing.Short() && c.length {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, room := s.within(t), fmt.Sprint("jpeg-", c.rate)
			vic := s.enter(room, "Vic", webrtc.RTPTransceiverDirectionRecvonly)
			var blue atomic.Int64 // since the epoch, when it was sent last
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				began := time.Now()
				for tick := time.NewTicker(time.Second / time.Duration(c.rate)); ; {
					part, turned := flash(time.Since(began))
					blue.Store(began.Add(turned).UnixNano())
					_, _ = io.WriteString(w, c.before+"Content-Type: image/jpeg\r\n")
					if c.length {
						_, _ = fmt.Fprintf(w, "Content-Length: %d\r\n", len(part))
					}
					_, err := w.Write(append([]byte("\r\n"), part...))
					_, _ = io.WriteString(w, c.after)
					_ = http.NewResponseController(w).Flush()
					select {
					case <-tick.C:
					case <-r.Context().Done():
						return
					}
					if err != nil {
						return
					}
				}
			}))
			defer web.Close()
			i, err := s.AddInput(t.Context(), room, gateway.InputOptions{URL: web.URL + "/" + key})
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			seen := func(want signal.Colour) func(rtctest.Picture) error {
				return func(p rtctest.Picture) error {
					b := p.Image.Rect
					if got := signal.Mean(p.Image, image.Rect(b.Dx()*3/8, b.Dy()/4, b.Dx()*5/8, b.Dy()*3/8)); got.Distance(want) > 20 {
						return fmt.Errorf("it is %v", got)
					}
					return nil
				}
			}
			vic.VideoSink.Await("red", seen(signal.Colour{Y: 81, Cb: 90, Cr: 240}))
			t.Logf("red after %v", time.Since(began))
			lag := poll.Lag(t)
			var last time.Duration
			// Pictures of a fast camera would be later each time. A machine that stands still for a moment is late once.
			for n := 0; n <= c.rate/40 || last > flashTime && n < 4; n++ {
				vic.VideoSink.Await("blue", seen(signal.Colour{Y: 41, Cb: 240, Cr: 110}))
				late := time.Since(time.Unix(0, blue.Load()))
				vic.VideoSink.Await("red", seen(signal.Colour{Y: 81, Cb: 90, Cr: 240}))
				t.Logf("blue is seen after %v", late)
				last = late
			}
			switch busy := lag(); {
			case last <= flashTime:
			case busy > 20*time.Millisecond:
				t.Logf("not judged: the machine is too busy, timers are %v late (p95)", busy)
			default:
				t.Errorf("blue is seen after %v, and so it was before", last)
			}
			if err := s.Remove(t.Context(), gateway.Input, room, i.ID); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// flashTime is how long a colour is shown.
const flashTime = 2 * time.Second

// flash returns a picture that is red and blue in turn, and when the last blue has begun.
func flash(at time.Duration) (picture []byte, blue time.Duration) {
	img := image.NewRGBA(image.Rect(0, 0, 320, 180))
	turn := at / flashTime
	c := color.RGBA{R: 255, A: 255}
	if turn%2 == 1 {
		c = color.RGBA{B: 255, A: 255}
	}
	for i := range img.Rect.Dx() * img.Rect.Dy() {
		img.SetRGBA(i%img.Rect.Dx(), i/img.Rect.Dx(), c)
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil)
	return b.Bytes(), (turn - 1 + turn%2) * flashTime
}
