package gateway_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tilemix/mcu"
	"tilemix/mcu/gateway"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/media"
)

// far are servers that nobody here wrote, as listeners on a port.
var far = []struct {
	name, url string
	listen    func(port string) []string
	audio     string
}{
	{
		"RTMP", "rtmp://127.0.0.1:PORT/live/" + key,
		func(port string) []string {
			return []string{"-listen", "1", "-i", "rtmp://127.0.0.1:" + port + "/live/" + key}
		}, "aac",
	},
	{
		"SRT", "srt://127.0.0.1:PORT?streamid=" + key + "&passphrase=" + key + key,
		func(port string) []string {
			return []string{"-i", "srt://127.0.0.1:" + port + "?mode=listener&latency=5000000&passphrase=" + key + key} // repairs what a busy machine loses
		}, "aac",
	},
	{
		"RTSP", "rtsp://127.0.0.1:PORT/" + key,
		func(port string) []string {
			return []string{"-rtsp_flags", "listen", "-i", "rtsp://127.0.0.1:" + port + "/" + key}
		}, "opus",
	},
}

// TestPush sends a call to servers that are not there at first, come, are killed and come
// again. What they get is decoded.
func TestPush(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	s.act("push")
	for i, f := range far {
		if testing.Short() && i > 0 {
			break
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := s.within(t)
			port, asked := mcutest.Port(t), time.Now()
			i, err := s.AddOutput(t.Context(), "push", gateway.OutputOptions{URL: strings.Replace(f.url, "PORT", port, 1)})
			if err != nil {
				t.Fatal(err)
			}
			down := s.await(gateway.Output, "push", i.ID, "nobody to be there", in(gateway.Down))
			if down.Reason == "" || !down.Next.After(asked) {
				t.Errorf("it is %+v", down)
			}
			for range 2 {
				r, lag := receive(t, f.listen(port)...), poll.Lag(t)
				s.await(gateway.Output, "push", i.ID, "the push", r.up)
				if f.name != "RTSP" {
					hiddenFromOthers(t)
				}
				r.await(300_000)
				look(t, r.file, f.audio, lag())
				s.await(gateway.Output, "push", i.ID, "the end to be noticed", func(i gateway.Info) bool { return i.State != gateway.Up })
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := s.Remove(ctx, gateway.Output, "push", i.ID); err != nil {
				t.Fatal(err)
			}
			if left, err := s.Get(gateway.Output, "push", i.ID); !errors.Is(err, mcu.ErrNotFound) {
				t.Errorf("there is still %+v, %v", left, err)
			}
		})
	}
}

// look decodes what came, and compares the beginnings and ends of sound and picture, unless the machine's timers were late
// (p95).
func look(t *testing.T, file, audio string, late time.Duration) {
	t.Helper()
	runTool(t, "ffmpeg", "-v", "error", "-i", file, "-vsync", "vfr", "-f", "null", "-")
	span := func(stream string) (from, to float64, codec string) {
		out := runTool(t, "ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time:stream=codec_name", "-of", "csv=p=0", file)
		lines := strings.Fields(out)
		codec = strings.Trim(lines[len(lines)-1], ",")
		from, _ = strconv.ParseFloat(strings.Trim(lines[0], ","), 64)
		to, _ = strconv.ParseFloat(strings.Trim(lines[len(lines)-2], ","), 64)
		return from, to, codec
	}
	vFrom, vTo, video := span("v")
	aFrom, aTo, sound := span("a")
	if video != "h264" || sound != audio {
		t.Errorf("it is %s and %s", video, sound)
	}
	if d := vTo - vFrom; d < 1 {
		t.Errorf("%.2f s of picture", d)
	}
	switch begin, end := vFrom-aFrom, vTo-aTo; {
	case begin >= -0.15 && begin <= 0.15 && end >= -0.3 && end <= 0.3:
	case late > 20*time.Millisecond:
		t.Logf("not judged: picture begins %.3f s after the sound and ends %.3f s after it, but timers are %v late (p95)", begin, end, late)
	default:
		t.Errorf("picture begins %.3f s after the sound and ends %.3f s after it", begin, end)
	}
}

// hiddenFromOthers looks at the arguments of all children of this process.
func hiddenFromOthers(t *testing.T) {
	t.Helper()
	me := "PPid:\t" + strconv.Itoa(os.Getpid()) + "\n"
	all, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range all {
		status, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "status"))
		line, _ := os.ReadFile(path)
		args := strings.ReplaceAll(string(line), "\x00", " ")
		if strings.Contains(string(status), me) && strings.Contains(args, "pipe:0") && strings.Contains(args, key) &&
			!strings.Contains(args, " -f rtsp ") { // FFmpeg has no other way for that
			t.Errorf("everybody can see %s", args)
		}
	}
}

// TestNextRoom ends a room while its outputs are down, or try a server that says nothing.
// Others take its name: nothing of theirs is sent there.
func TestNextRoom(t *testing.T) {
	t.Parallel()
	tool(t, "ffmpeg")
	s := newStage(t, nil)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	join := func() *mcu.Participant {
		p, err := s.Join(mcu.JoinOptions{Room: "next", Name: "Ada"})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first := join()
	room, err := s.Room("next")
	if err != nil {
		t.Fatal(err)
	}
	closed := "127.0.0.1:" + mcutest.Port(t)
	for _, url := range []string{"rtmp://" + closed + "/a/" + key, "whip+http://" + closed + "/" + key, "whip+http://" + silent.Addr().String() + "/" + key} {
		i, err := s.AddOutput(t.Context(), "next", gateway.OutputOptions{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(url, silent.Addr().String()) {
			s.await(gateway.Output, "next", i.ID, "nobody to be there", in(gateway.Down))
		}
	}
	first.Leave()
	<-room.Ended()
	second := join()
	defer func() {
		second.Leave()
		<-second.Done()
	}()
	if _, err := room.Attach(nil, media.SinkOptions{}); !errors.Is(err, mcu.ErrClosed) {
		t.Errorf("a sink of the first room is attached to the second: %v", err)
	}
	poll.Until(t, "the outputs of a room that has ended to go", func() bool { return len(s.List(gateway.Output, "next")) == 0 })
}
