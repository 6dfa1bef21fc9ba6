package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"image"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/mcutest"
	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/whip"
)

// fortress is a server in a process of its own, which strangers attack.
type fortress struct {
	url  string
	pid  int
	http *http.Client
	bots *bot.Crowd

	dialer    *net.Dialer // of connections without a client
	forwarded string      // a line of their headers
}

// fortify starts a server, which ends with the test. The program before it, such as a shell that
// sets limits, may be empty.
func fortify(t *testing.T, before []string, flags ...string) *fortress {
	t.Helper()
	args := append(before, append([]string{"tilemix", "serve", "--listen", "127.0.0.1:0", "--log-level", "error"}, flags...)...)
	command := exec.Command(args[0], args[1:]...)
	log := &mcutest.Log{}
	command.Stderr = log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout := started(t, command)
	lines := bufio.NewReader(stdout)
	line, _ := lines.ReadString('\n')
	ended := make(chan error, 1)
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		ended <- command.Wait()
	}()
	transport := &http.Transport{MaxIdleConnsPerHost: 64, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	f := &fortress{pid: command.Process.Pid, dialer: &net.Dialer{}, http: &http.Client{Transport: transport, Timeout: poll.Patience}}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = command.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil || log.String() != "" {
			t.Errorf("the server ended with %v and logged:\n%s", err, log.String())
		}
	})
	found := false
	if f.url, found = strings.CutPrefix(strings.TrimSpace(line), "tilemix serves on "); !found {
		t.Fatalf("the server does not start: %s", log.String())
	}
	var err error
	if f.bots, err = bot.NewCrowd(); err != nil {
		t.Fatal(err)
	}
	mcutest.Beside(t, f.bots.Run)
	return f
}

// status returns the fields of a process from its state on (proc_pid_stat(5)), none where it is gone.
func status(pid int) []string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

// cpu is what the server has used.
func (f *fortress) cpu(t *testing.T) time.Duration {
	t.Helper()
	fields := status(f.pid)
	if len(fields) < 17 {
		t.Fatal("the server is gone")
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// niceness is how much lower a process's priority is, 0 where it is gone.
func niceness(pid int) int {
	fields := status(pid)
	if len(fields) < 17 {
		return 0
	}
	n, _ := strconv.Atoi(fields[16])
	return n
}

// memory is how much of the server is in memory, in MiB.
func (f *fortress) memory(t *testing.T) int {
	t.Helper()
	mib, ok := processMiB(f.pid, "VmRSS:")
	if !ok {
		t.Fatal("the server is gone")
	}
	return mib
}

// processMiB reads a field of a process in MiB, if the process is there.
func processMiB(pid int, field string) (mib int, ok bool) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == field {
			kib, err := strconv.Atoi(f[1])
			return kib >> 10, err == nil
		}
	}
	return 0, false
}

// do sends a request and returns its status and body.
func (f *fortress) do(t *testing.T, method, path, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	response, err := f.http.Do(r)
	if err != nil {
		t.Errorf("%s %s: %v", method, path, err)
		return 0, "", nil
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(text), response.Header
}

// metric returns the sum of a metric of the server.
func (f *fortress) metric(t *testing.T, name string) (sum float64) {
	t.Helper()
	_, text, _ := f.do(t, http.MethodGet, "/metrics", "")
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, name+" ") || strings.HasPrefix(line, name+"{") {
			n, _ := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' '):]), 64)
			sum += n
		}
	}
	return sum
}

// join has a bot join a room. It has left when the test ends, or when leave is called.
func (f *fortress) join(t *testing.T, room, name string, o bot.Options) (b *bot.Bot, leave func()) {
	t.Helper()
	session := whip.New(f.http, whip.Room(f.url, room, name, o.Viewer))
	o.Exchange = session.Exchange
	b, err := f.bots.Join(t.Context(), o)
	if err != nil {
		t.Fatalf("%s joins: %v", name, err)
	}
	left := false
	leave = func() {
		if !left {
			left = true
			session.End(context.Background())
			b.Leave()
		}
	}
	t.Cleanup(leave)
	return b, leave
}

// call has four bots that film and speak in a room.
func (f *fortress) call(t *testing.T) call {
	t.Helper()
	clip, voice := filmed(t, image.Pt(640, 360), 30, 300_000), spokenTone(t)
	c := call{fortress: f, leave: func() {}}
	for _, name := range []string{"Ada", "Ben", "Cid", "Dan"} {
		b, leave := f.join(t, "call", name, bot.Options{Clip: clip, Voice: voice})
		c.bots = append(c.bots, b)
		others := c.leave
		c.leave = func() { others(); leave() }
	}
	for _, b := range c.bots {
		poll.Until(t, "picture and sound", func() bool { s := b.Stats(); return s.Picture.First > 0 && s.Sound.First > 0 })
	}
	time.Sleep(time.Second) // the first key frames are over
	return c
}

// call is one that goes on while strangers attack.
type call struct {
	*fortress
	bots  []*bot.Bot
	leave func()
}

// harm is what the call lost while something went on.
type harm struct {
	fps       float64       // of the bot that got the fewest pictures
	gaps      uint64        // packets of sound that are missing
	late      time.Duration // of timers, the 95th percentile
	others    float64       // cores that other programs had
	took, cpu time.Duration
}

// beside runs an attack and tells what the call lost meanwhile. The attack takes a second at least.
func (c call) beside(t *testing.T, attack func()) harm {
	t.Helper()
	before := make([]bot.Stats, len(c.bots))
	lag, used, began, others := poll.Lag(t), c.cpu(t), time.Now(), c.others(t)
	for i, b := range c.bots {
		before[i] = b.Stats()
	}
	attack()
	time.Sleep(time.Second - min(time.Second, time.Since(began)))
	h := harm{fps: math.Inf(1), took: time.Since(began), cpu: c.cpu(t) - used}
	h.others = (c.others(t) - others).Seconds() / h.took.Seconds()
	for i, b := range c.bots {
		now, then := b.Stats(), before[i]
		h.fps = min(h.fps, float64(now.Picture.Units-then.Picture.Units)/h.took.Seconds())
		h.gaps += now.Sound.Lost - then.Sound.Lost + now.Sound.Leaps - then.Sound.Leaps
	}
	h.late = lag()
	return h
}

// busy is from how many cores on that other programs have a call is not judged, and little from how many on it may
// have been them that a call was harmed by.
const busy, little = 0.3, 0.05

// unharmed fails the test if the call lost pictures or sound. Where other programs had the processor, or
// the call is no better without the attack, the machine was too busy to tell.
func (c call) unharmed(t *testing.T, h harm, leastFPS float64) {
	t.Helper()
	h.log(t)
	if !h.harmed(leastFPS) {
		return
	}
	calm := c.beside(t, func() {})
	if h.late > 5*time.Millisecond || h.others > busy || calm.fps < leastFPS-1 {
		t.Logf("not judged: %.1f fps, %d gaps; without the attack %.1f fps, %d gaps", h.fps, h.gaps, calm.fps, calm.gaps)
		return
	}
	t.Errorf("%.1f fps and %d gaps in the sound, want %.1f fps and none", h.fps, h.gaps, leastFPS)
}

// harmed tells whether the call lost pictures or sound. One picture may come just before the begin, and one just after
// the end.
func (h harm) harmed(leastFPS float64) bool { return h.fps < leastFPS-2/h.took.Seconds() || h.gaps > 0 }

// cores is what the server took.
func (h harm) cores() float64 { return h.cpu.Seconds() / h.took.Seconds() }

func (h harm) log(t *testing.T) {
	t.Helper()
	t.Logf("%.1f fps, %d gaps in the sound, %v of CPU in %v; timers %v late (p95), others had %.2f cores",
		h.fps, h.gaps, h.cpu, h.took.Round(time.Millisecond), h.late.Round(time.Microsecond), h.others)
}

// others is what all programs but the server, its children and this one have used.
func (f *fortress) others(t *testing.T) (used time.Duration) {
	t.Helper()
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(first)[1:9] { // proc_stat(5)
		if n, err := strconv.Atoi(field); err == nil && i != 3 && i != 4 { // idle, iowait
			used += time.Duration(n)
		}
	}
	for _, pid := range append(f.children(), f.pid, os.Getpid()) {
		if fields := status(pid); len(fields) > 14 {
			for _, field := range fields[11:15] { // with that of children that have ended
				n, _ := strconv.Atoi(field)
				used -= time.Duration(n)
			}
		}
	}
	return used * 10 * time.Millisecond
}

// filmed encodes a second of a moving pattern.
func filmed(t *testing.T, size image.Point, pictures, bitrate int) *bot.Clip {
	t.Helper()
	enc, err := h264.NewEncoder(codec.VideoConfig{Width: size.X, Height: size.Y, FrameRate: 30, Bitrate: bitrate})
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	img := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
	clip := &bot.Clip{FrameRate: 30, Full: &bot.Variant{Size: size, Bitrate: bitrate, Every: 1}}
	for n := range pictures {
		at := time.Duration(n) * time.Second / 30
		mcutest.Texture(img, at)
		au, err := enc.Encode(img, at)
		if err != nil {
			t.Fatal(err)
		}
		clip.Keys = append(clip.Keys, n == 0)
		clip.Full.Pictures = append(clip.Full.Pictures, bot.Packetize(au.Data))
	}
	return clip
}

// spokenTone encodes a second of a tone.
func spokenTone(t *testing.T) *bot.Voice {
	t.Helper()
	enc, err := opus.NewEncoder(32_000)
	if err != nil {
		t.Fatal(err)
	}
	defer enc.Close()
	v := &bot.Voice{}
	block, packet := make([]float32, pcm.Samples), make([]byte, 1275)
	for n := range 50 {
		for i := range block {
			block[i] = float32(0.2 * math.Sin(2*math.Pi*440*float64(n*pcm.Samples+i)/pcm.Rate))
		}
		size, err := enc.Encode(packet, block)
		if err != nil {
			t.Fatal(err)
		}
		v.Packets, v.Levels = append(v.Packets, bytes.Clone(packet[:size])), append(v.Levels, min(pcm.Level(block), 127))
	}
	return v
}

// children are the processes that the server started, by number.
func (f *fortress) children() (pids []int) {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", f.pid))
	for _, task := range tasks {
		text, _ := os.ReadFile(task) // its thread may have ended
		for field := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}
