package record

import (
	"math/rand/v2"
	"testing"
	"time"

	"tilemix/codec/ticks"
	"tilemix/mcu/intake"
	"tilemix/mcu/record/sidecar"
)

// TestPicturesOnGrid has the kernel wake the picture clock late, by up to 12 ms, and twice too late for a
// picture, and pauses. The file's pictures are thirtieths of a second apart, or whole multiples where one
// is missing, and sound keeps its distance.
func TestPicturesOnGrid(t *testing.T) {
	m := &mixFile{grown: func() {}, resumed: func(sidecar.Pause) {}}
	var err error
	if m.file, err = makeMedia(t.TempDir(), "x"); err != nil {
		t.Fatal(err)
	}
	if err := m.create(sidecar.Info{ID: "x", Audio: "opus"}, 1); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	missed := map[int]bool{20: true, 55: true}
	const pause = 90
	for n := range 150 {
		generation, at := 1, time.Duration(n)*pictureTime+time.Duration(random.IntN(12))*time.Millisecond
		if n >= pause {
			generation, at = 2, at+7777*time.Millisecond
		}
		u := &intake.Unit{Video: true, Key: n%30 == 0, At: at, Generation: generation, Data: numberedPicture(n, n%30 == 0)}
		if missed[n] {
			continue
		}
		if err := m.write(u); err != nil {
			t.Fatal(err)
		}
		// Sound ends behind the picture, and off the grid.
		if err := m.write(&intake.Unit{At: at + 23*time.Millisecond, Generation: generation, Data: []byte{0xf8, 0xff, 0xfe}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.close(nil); err != nil {
		t.Fatal(err)
	}
	got := placed(t, m.file.Name(), 0)
	before, gaps := int64(0), map[int64]int{}
	for n := range uint32(150) {
		if missed[int(n)] {
			continue
		}
		at := ticks.Of(got[n], ticks.Video)
		if n > 0 {
			gaps[at-before]++
		}
		before = at
	}
	if len(got) != 148 || gaps[3000] < 144 || gaps[6000] < 2 || gaps[3000]+gaps[6000] != 147 {
		t.Errorf("%d pictures, so many 90,000ths of a second apart: %v", len(got), gaps)
	}
}
