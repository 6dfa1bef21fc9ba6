package broadcast_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/codec/codectest"
	"tilemix/mcu"
	"tilemix/mcu/broadcast"
)

// TestBroadcast turns a room's broadcast on and off, and has a player see all of it: the
// picture and the sound go on at the pace of the clock, and the end is said.
func TestBroadcast(t *testing.T) {
	t.Parallel()
	r := newRig(t, broadcast.Default())
	if _, _, err := r.Start("live", broadcast.Options{}); !errors.Is(err, mcu.ErrNotFound) {
		t.Errorf("a room that is not there: %v", err)
	}
	r.get("live/index.m3u8", http.StatusNotFound)
	r.film("live", true)
	if i, err := r.Get("live"); err != nil || i.State != broadcast.Off {
		t.Errorf("before: %+v, %v", i, err)
	}
	r.get("live/index.m3u8", http.StatusNotFound)
	if i, begun, err := r.Start("live", broadcast.Options{}); err != nil || !begun || i.State != broadcast.Starting {
		t.Fatalf("begun: %+v, %v, %v", i, begun, err)
	}
	var group sync.WaitGroup
	var enough sync.WaitGroup
	enough.Add(2)
	for _, kind := range []string{"video", "audio"} {
		group.Go(func() {
			if err := r.watchToEnd("live", kind, 4*time.Second, enough.Done); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		})
	}
	r.await("it to be on", func() bool {
		i, err := r.Get("live")
		return err == nil && i.State == broadcast.On
	})
	if _, begun, err := r.Start("live", broadcast.Options{}); err != nil || begun {
		t.Errorf("again: %v, %v", begun, err)
	}
	enough.Wait()
	if i, err := r.Stop(t.Context(), "live"); err != nil || i.State != broadcast.Off {
		t.Errorf("stopped: %+v, %v", i, err)
	}
	r.get("live/index.m3u8", http.StatusNotFound)
	group.Wait()
}

// watchToEnd plays a room to its end, which comes after so much at least. It calls enough once that is played, or
// cannot be.
func (r *rig) watchToEnd(room, kind string, least time.Duration, enough func()) error {
	enough = sync.OnceFunc(enough)
	defer enough()
	p, err := r.play(room, kind)
	if err != nil {
		return err
	}
	for more := true; more; {
		if more, err = p.next(); err != nil {
			return err
		}
		if p.played >= least {
			enough()
		}
	}
	if d := p.drift(); p.played < least || d.Abs() > time.Second {
		return fmt.Errorf("%v played, which took %v longer", p.played, d)
	}
	if p.now.PreloadHint != nil || len(p.now.Parts) > 0 || len(p.now.Segments) == 0 {
		return fmt.Errorf("last playlist %+v", p.now)
	}
	for _, s := range p.now.Segments {
		if _, _, status := r.ask(p.path(s.URI)); status != http.StatusOK && !s.Gap {
			return fmt.Errorf("%s after the end: %d", s.URI, status)
		}
	}
	return nil
}

// TestRoomEnds ends a room while it is broadcast: the players are told, and the room that
// comes after it by that name is not broadcast until somebody says so.
func TestRoomEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, broadcast.Default())
	leave := r.film("live", true)
	if _, _, err := r.Start("live", broadcast.Options{}); err != nil {
		t.Fatal(err)
	}
	p, err := r.play("live", "video")
	if err != nil {
		t.Fatal(err)
	}
	leave()
	for more := true; more; {
		if more, err = p.next(); err != nil {
			t.Fatal(err)
		}
	}
	r.film("live", true)
	r.await("the next room not to be broadcast", func() bool { // players are told before the broadcast is counted out
		i, err := r.Get("live")
		return err == nil && i.State == broadcast.Off
	})
	if _, begun, err := r.Start("live", broadcast.Options{}); err != nil || !begun {
		t.Fatalf("%v, %v", begun, err)
	}
	q, err := r.play("live", "video")
	if err != nil {
		t.Fatal(err)
	}
	if p.media == q.media {
		t.Error("two sessions have the same names")
	}
	r.get(p.media, http.StatusOK) // the old one lingers
}

// TestStill broadcasts a room in which nothing moves: its sound is not to wait for
// pictures.
func TestStill(t *testing.T) {
	t.Parallel()
	r := newRig(t, broadcast.Default())
	r.film("live", false)
	if _, _, err := r.Start("live", broadcast.Options{}); err != nil {
		t.Fatal(err)
	}
	p, err := r.play("live", "audio")
	if err != nil {
		t.Fatal(err)
	}
	for p.played < 3*time.Second {
		if _, err := p.next(); err != nil {
			t.Fatal(err)
		}
	}
	if p.shortest > 700*time.Millisecond {
		t.Errorf("parts are %v long", p.shortest)
	}
}

// TestOnDemand has the first player turn the broadcast on, and the last turn it off.
func TestOnDemand(t *testing.T) {
	t.Parallel()
	cfg := broadcast.Default()
	cfg.OnDemand, cfg.Idle = true, 4*time.Second
	r := newRig(t, cfg)
	r.get("live/index.m3u8", http.StatusNotFound)
	r.film("live", true)
	p, err := r.play("live", "video")
	if err != nil {
		t.Fatal(err)
	}
	for p.played < 5*time.Second {
		if _, err := p.next(); err != nil {
			t.Fatal(err)
		}
	}
	state := func(s broadcast.State) func() bool {
		return func() bool {
			i, err := r.Get("live")
			return err == nil && i.State == s
		}
	}
	if !state(broadcast.On)() {
		t.Error("it is not on while somebody plays")
	}
	r.await("it to go off", state(broadcast.Off))
}

// TestRefused asks for what there is not.
func TestRefused(t *testing.T) {
	cfg := broadcast.Default()
	cfg.MaxTotal = 1
	r := newRig(t, cfg)
	r.film("live", true)
	r.film("other", true)
	if _, _, err := r.Start("live", broadcast.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Start("other", broadcast.Options{}); !errors.Is(err, broadcast.ErrTooMany) {
		t.Errorf("a second: %v", err)
	}
	p, err := r.play("live", "video")
	if err != nil {
		t.Fatal(err)
	}
	session, _, _ := strings.Cut(strings.TrimPrefix(p.media, "live/"), "/")
	for _, path := range []string{
		"live/", "live/video1_stream.m3u8", "live/" + session, "live/" + session + "/", "live/" + session + "/none.mp4",
		"live/" + session + "/..%2f..%2fetc%2fpasswd", "live/..%2f..%2fetc%2fpasswd", "live/" + session + "/gap.mp4",
		"other/" + session + "/video1_stream.m3u8", "live/nosuchsession/video1_stream.m3u8", "live/" + strings.Repeat("x", 5000),
	} {
		if body, _, status := r.ask(path); status != http.StatusNotFound {
			t.Errorf("%.80s: %d %.80s", path, status, body)
		}
	}
	for _, query := range []string{"?_HLS_msn=x", "?_HLS_msn=99999", "?_HLS_msn=-1", "?_HLS_part=1"} {
		r.get(p.media+query, http.StatusBadRequest)
	}
	// What a player adds to the address is handed on, but not out of its line.
	if body, _ := r.get("live/index.m3u8?token=a%22%0a%23EXT-X-ENDLIST", http.StatusOK); strings.Contains(body, "\n#EXT-X-ENDLIST") || !strings.Contains(body, "?token=a%22%0A") {
		t.Errorf("index: %s", body)
	}
}

// TestPlayers has fifty players of one room, each asking for the next part as it comes:
// all play at the pace of the clock, and no picture is encoded for them.
func TestPlayers(t *testing.T) {
	if testing.Short() {
		t.Skip("fifty players need the machine for themselves")
	}
	const players, span = 50, 6 * time.Second
	r := newRig(t, broadcast.Default())
	r.film("live", true)
	if _, _, err := r.Start("live", broadcast.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.play("live", "video"); err != nil { // begins when there is something to play
		t.Fatal(err)
	}
	alone := r.rate(func() { time.Sleep(3 * time.Second) }) // of what is counted
	var mu sync.Mutex
	var slowest time.Duration
	bytes := 0
	crowd := r.rate(func() {
		var group sync.WaitGroup
		for i := range players {
			group.Go(func() {
				p, err := r.play("live", []string{"video", "audio"}[i%2])
				start := time.Now()
				for err == nil && time.Since(start) < span {
					_, err = p.next()
				}
				if err != nil {
					t.Errorf("player %d: %v", i, err)
					return
				}
				if d := p.drift(); d.Abs() > time.Second {
					t.Errorf("player %d has played %v in %v, the last of it %v late", i, p.played, span, d)
				}
				mu.Lock()
				defer mu.Unlock()
				slowest, bytes = max(slowest, p.slowest), bytes+p.bytes
			})
		}
		group.Wait()
	})
	t.Logf("%d players: %.1f encodes a second, %.1f without; the longest wait for a part %v; %d kB a second",
		players, crowd, alone, slowest.Round(time.Millisecond), bytes/1000/int(span/time.Second))
	if crowd > 31 { // the clock's own, where the machine is busy it has less
		t.Error("players cost encodes")
	}
}

// rate is how many pictures are encoded a second.
func (r *rig) rate(while func()) float64 {
	before, start := r.encodes(), time.Now()
	while()
	return (r.encodes() - before) / time.Since(start).Seconds()
}

// TestFFmpeg plays with FFmpeg, which knows nothing of parts.
func TestFFmpeg(t *testing.T) {
	if testing.Short() {
		t.Skip("counts what a slow machine leaves out")
	}
	r := newRig(t, broadcast.Default())
	r.film("live", true)
	if _, _, err := r.Start("live", broadcast.Options{}); err != nil {
		t.Fatal(err)
	}
	ffmpeg := codectest.Program(t, "ffmpeg")
	r.get("live/index.m3u8", http.StatusOK)
	var said, frames bytes.Buffer
	// -xerror has it fail at the first picture or sound that it cannot decode.
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-xerror", "-i", r.url+"/live/index.m3u8",
		"-t", "6", "-map", "0:v", "-map", "0:a", "-f", "framecrc", "-")
	cmd.Stdout, cmd.Stderr = &frames, &said
	if err := cmd.Run(); err != nil || said.Len() > 0 {
		t.Fatalf("%v: %s", err, said.Bytes())
	}
	pictures, packets := strings.Count(frames.String(), "\n0, "), strings.Count(frames.String(), "\n1, ")
	t.Logf("%d pictures, %d blocks of sound in 6 s", pictures, packets)
	if pictures < 60 || packets < 250 { // a busy machine leaves pictures out, and no sound
		t.Errorf("%d pictures and %d blocks of sound in 6 s", pictures, packets)
	}
}
