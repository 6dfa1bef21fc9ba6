package audio_test

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

const ms = time.Millisecond

// meeting feeds a floor with everyone's level, block by block.
type meeting struct {
	*audio.Floor
	now    time.Time
	levels map[string]uint8
	who    []string
}

func newMeeting(who ...string) *meeting {
	m := &meeting{audio.NewFloor(audio.FloorConfig{}), time.Unix(1e9, 0), map[string]uint8{}, who}
	for _, id := range who {
		m.levels[id] = pcm.Silence
	}
	return m
}

// pass lets d pass and returns how many times the floor changed.
func (m *meeting) pass(d time.Duration) (changes int) {
	for range d / pcm.Duration {
		m.now = m.now.Add(pcm.Duration)
		for _, id := range m.who {
			m.Observe(id, m.levels[id], m.now)
		}
		if m.Changed() {
			changes++
		}
	}
	return changes
}

func (m *meeting) want(t *testing.T, holder string, speaking ...string) {
	t.Helper()
	if m.Holder() != holder || !slices.Equal(m.Speaking(), speaking) {
		t.Errorf("%q has the floor and %q speak, want %q and %q", m.Holder(), m.Speaking(), holder, speaking)
	}
}

func TestFloorAttackAndRelease(t *testing.T) {
	m := newMeeting("a", "b")
	m.pass(time.Second)
	m.want(t, "")
	m.levels["a"] = 30
	m.pass(60 * ms)
	m.want(t, "") // a click or a cough
	m.pass(40 * ms)
	m.want(t, "a", "a")
	m.levels["a"] = pcm.Silence
	if n := m.pass(600 * ms); n != 0 {
		t.Errorf("%d changes in a pause", n)
	}
	m.want(t, "a", "a")
	m.pass(200 * ms)
	m.want(t, "a")
	if n := m.pass(10 * time.Second); n != 0 {
		t.Errorf("%d changes in silence", n)
	}
}

func TestFloorIgnoresClicks(t *testing.T) {
	m := newMeeting("a")
	for range 50 {
		m.levels["a"] = 10
		m.pass(40 * ms)
		m.levels["a"] = 90
		m.pass(200 * ms)
	}
	m.want(t, "")
}

func TestFloorTakeover(t *testing.T) {
	m := newMeeting("a", "b")
	m.levels["a"] = 25
	m.pass(time.Second)
	m.levels["b"] = 25
	m.pass(10 * time.Second)
	m.want(t, "a", "a", "b") // equally loud: a keeps it
	m.levels["a"] = pcm.Silence
	m.pass(800 * ms)
	m.want(t, "b", "b") // b has spoken for long, a went quiet
	m.levels["b"] = pcm.Silence
	m.pass(time.Second)
	m.levels["a"] = 25
	m.pass(300 * ms)
	m.want(t, "b", "a") // "mhm"
	m.pass(300 * ms)
	m.want(t, "a", "a")
}

func TestFloorContest(t *testing.T) {
	m := newMeeting("a", "b")
	m.levels["a"] = 40
	m.pass(5 * time.Second)
	m.levels["b"] = 20
	m.pass(1500 * ms)
	m.want(t, "a", "a", "b")
	m.pass(1500 * ms)
	m.want(t, "b", "a", "b") // clearly louder for 2 s
}

func TestFloorIgnoresNoise(t *testing.T) {
	m := newMeeting("fan", "a")
	m.levels["fan"] = 46
	m.pass(10 * time.Second)
	m.Changed()
	m.pass(10 * time.Second)
	if slices.Contains(m.Speaking(), "fan") {
		t.Error("a fan speaks")
	}
	m.levels["fan"] = 30 // someone speaks beside it
	m.pass(200 * ms)
	if !slices.Contains(m.Speaking(), "fan") {
		t.Error("a voice over noise is not heard")
	}
}

func TestFloorRemove(t *testing.T) {
	m := newMeeting("a", "b", "c")
	m.levels["c"] = 25
	m.pass(time.Second)
	m.levels["b"] = 25
	m.pass(time.Second)
	m.want(t, "c", "b", "c")
	m.who = []string{"a", "b"}
	m.Remove("c")
	if !m.Changed() {
		t.Error("nothing changed")
	}
	m.want(t, "b", "b")
	m.Remove("nobody")
	m.who = []string{"a"}
	m.Remove("b")
	m.want(t, "")
}

func TestFloorForgetsWhoIsNotObserved(t *testing.T) {
	m := newMeeting("a", "b")
	m.levels["a"] = 25
	m.pass(time.Second)
	m.who = []string{"b"}
	m.pass(time.Second)
	m.want(t, "a")
}

func TestFloorDoesNotAllocate(t *testing.T) {
	m := newMeeting("a", "b", "c")
	m.pass(time.Second)
	r := rand.New(rand.NewPCG(1, 1))
	step := func() {
		m.levels["a"] = uint8(r.IntN(128))
		m.levels["b"] = uint8(r.IntN(128))
		m.pass(time.Second)
	}
	step()
	if n := testing.AllocsPerRun(20, step); n != 0 {
		t.Errorf("%v allocations a second", n)
	}
}

// TestRealVoices listens to two people who talk, one of them quietly.
func TestRealVoices(t *testing.T) {
	for _, c := range []struct {
		file   string
		offset int // dB of attenuation besides
		share  float64
	}{{"katie_16k.wav", 0, 0.8}, {"steve_16k.wav", 0, 0.8}, {"steve_16k.wav", 6, 0.7}} {
		levels := readLevels(t, c.file)
		m := newMeeting("a")
		speaking, changes := 0, 0
		for _, l := range levels {
			m.levels["a"] = min(l+uint8(c.offset), pcm.Silence)
			changes += m.pass(pcm.Duration)
			speaking += len(m.Speaking())
		}
		share := float64(speaking) / float64(len(levels))
		t.Logf("%s -%d dB: speaking %.2f of the time, %d changes in %d s", c.file, c.offset, share, changes, len(levels)/50)
		if share < c.share {
			t.Errorf("%s: speaks %.2f of the time", c.file, share)
		}
		if changes > len(levels)/50 {
			t.Errorf("%s: %d changes", c.file, changes)
		}
	}
}

// readLevels returns the levels of a 16 kHz mono recording, 20 ms each.
func readLevels(t *testing.T, file string) (levels []uint8) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "media", "audio", file))
	if err != nil {
		t.Skipf("the recording is not here: %v", err)
	}
	for b := range slices.Chunk(data[44:], 640) {
		var s [320]float32
		for i := range len(b) / 2 {
			s[i] = float32(int16(binary.LittleEndian.Uint16(b[2*i:]))) / 32768
		}
		levels = append(levels, pcm.Level(s[:]))
	}
	return levels
}
