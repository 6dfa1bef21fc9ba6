package gateway_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest/poll"
)

// TestTranscode plays files of H.264 that OpenH264 cannot read. Each is
// seen and heard, and its state says why FFmpeg encodes it.
func TestTranscode(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	vic := s.enter("kinds", "Vic", webrtc.RTPTransceiverDirectionRecvonly)
	for _, c := range []struct{ name, args, why string }{
		{"interlaced", "-pix_fmt yuv420p -flags +ildct+ilme -x264opts interlaced=1", "it is interlaced"},
		{"10 bits", "-pix_fmt yuv420p10le", "10 bits"},
		{"4:2:2", "-pix_fmt yuv422p", "4:2:2"},
		{"large", "-pix_fmt yuv420p -vf scale=2720:1530", "2720x1530"},
		{"4:4:4", "-pix_fmt yuv444p -vf scale=641:361", "4:4:4"},
	} {
		if testing.Short() && c.name != "10 bits" {
			continue
		}
		file := strings.NewReplacer(":", "", " ", "").Replace(c.name) + ".mp4"
		film(t, filepath.Join(s.dir, file), append([]string{"-t", "2", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac"}, strings.Fields(c.args)...)...)
		began := time.Now()
		i, err := s.AddInput(t.Context(), "kinds", gateway.InputOptions{URL: "file:" + file, Loop: true})
		if err != nil {
			t.Fatal(err)
		}
		expect(vic)
		t.Logf("%s took %v", c.name, time.Since(began))
		up := s.await(gateway.Input, "kinds", i.ID, c.name, in(gateway.Up))
		if !strings.Contains(up.Transcoded, c.why) {
			t.Errorf("%s is transcoded because %q, want %q", c.name, up.Transcoded, c.why)
		}
		if err := s.Remove(t.Context(), gateway.Input, "kinds", i.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNoPicture plays a file whose video no decoder reads, beside good sound. Its input is down, and
// says why.
func TestNoPicture(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	s.act("blank")
	path := filepath.Join(s.dir, "noise.ts")
	film(t, path, "-t", "12", "-c:v", "libx264", "-c:a", "aac")
	stream, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for at, rest := 0, stream; ; {
		n := bytes.Index(rest, []byte{0, 0, 1})
		if n < 0 || at+n+32 > len(stream) {
			break
		}
		at += n + 3
		if rest = stream[at:]; rest[0]&0x1f == 5 || rest[0]&0x1f == 1 {
			copy(rest[3:24], bytes.Repeat([]byte{0x5a, 0xff}, 11)) // of a slice, from its header on
		}
	}
	if err := os.WriteFile(path, stream, 0o600); err != nil {
		t.Fatal(err)
	}
	i, err := s.AddInput(t.Context(), "blank", gateway.InputOptions{URL: "file:noise.ts", Loop: true})
	if err != nil {
		t.Fatal(err)
	}
	down := s.await(gateway.Input, "blank", i.ID, "no picture, encoded anew", func(i gateway.Info) bool {
		return i.State == gateway.Down && i.Transcoded != ""
	})
	if down.Reason == "" {
		t.Errorf("it is %+v", down)
	}
	t.Log(down.Transcoded, down.Reason)
}

// TestTranscodes adds an input above the bound of transcodes: it is refused, at once or, where FFmpeg takes
// longer than a request may, in its state. A stream that needs none is taken, and so is the first when another
// has gone.
func TestTranscodes(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, func(c *gateway.Config) { c.MaxTranscodes = 1 })
	film(t, filepath.Join(s.dir, "deep.mp4"), "-t", "2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-c:a", "aac")
	film(t, filepath.Join(s.dir, "plain.mp4"), "-t", "2", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")
	add := func(file string) (gateway.Info, error) {
		return s.AddInput(t.Context(), "bound", gateway.InputOptions{URL: "file:" + file, Loop: true})
	}
	up := func(file, what string) gateway.Info {
		t.Helper()
		i, err := add(file)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return s.await(gateway.Input, "bound", i.ID, what, in(gateway.Up))
	}
	one := up("deep.mp4", "the first")
	switch late, err := add("deep.mp4"); {
	case err == nil:
		s.await(gateway.Input, "bound", late.ID, "no", func(i gateway.Info) bool { return strings.Contains(i.Reason, "transcodes 1") })
		if err := s.Remove(t.Context(), gateway.Input, "bound", late.ID); err != nil {
			t.Fatal(err)
		}
	case !errors.Is(err, gateway.ErrTooMany):
		t.Fatalf("the second: %v", err)
	}
	up("plain.mp4", "a copy")
	if err := s.Remove(t.Context(), gateway.Input, "bound", one.ID); err != nil {
		t.Fatal(err)
	}
	up("deep.mp4", "another")
}

// TestTranscodesAtOnce adds two files while no encoder is taken yet. One of them waits, says why, and does not
// give up.
func TestTranscodesAtOnce(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, func(c *gateway.Config) { c.MaxTranscodes = 1 })
	film(t, filepath.Join(s.dir, "deep.mp4"), "-t", "2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-c:a", "aac")
	var ids [2]string
	for i := range ids {
		info, err := s.AddInput(t.Context(), "race", gateway.InputOptions{URL: "file:deep.mp4", Loop: true})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = info.ID
	}
	one, other := ids[0], ids[1]
	poll.Until(t, "one of them is up", func() bool {
		if i, err := s.Get(gateway.Input, "race", other); err == nil && i.State == gateway.Up {
			one, other = other, one
		}
		i, err := s.Get(gateway.Input, "race", one)
		return err == nil && i.State == gateway.Up
	})
	s.await(gateway.Input, "race", other, "a fourth attempt", func(i gateway.Info) bool {
		return i.State == gateway.Down && i.Tries > 3 && strings.Contains(i.Reason, "transcodes 1")
	})
	if err := s.Remove(t.Context(), gateway.Input, "race", one); err != nil {
		t.Fatal(err)
	}
	s.await(gateway.Input, "race", other, "its turn", in(gateway.Up))
}
