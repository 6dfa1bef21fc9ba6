package record

import (
	"testing"
	"time"

	"tilemix/mcu/intake"
	"tilemix/mcu/record/sidecar"
)

// TestGenerations has units of a sink come late, between those of the sink that replaced it after a
// pause. The file goes on with an IDR of the new one, without a hole, and takes nothing older.
func TestGenerations(t *testing.T) {
	dir := t.TempDir()
	var pauses []sidecar.Pause
	grown := 0
	m := &mixFile{grown: func() { grown++ }, resumed: func(p sidecar.Pause) { pauses = append(pauses, p) }}
	var err error
	if m.file, err = makeMedia(dir, "x"); err != nil {
		t.Fatal(err)
	}
	if err := m.create(sidecar.Info{ID: "x", Audio: "opus"}, 1); err != nil {
		t.Fatal(err)
	}
	number := 0
	video := func(generation int, at time.Duration, key bool) {
		t.Helper()
		u := &intake.Unit{Video: true, Key: key, At: at, Generation: generation, Data: numberedPicture(number, key)}
		number++
		if err := m.write(u); err != nil {
			t.Fatal(err)
		}
	}
	video(1, 0, false) // needs what nobody has
	for i := range 30 {
		video(1, time.Hour+time.Duration(i)*pictureTime, i == 0)
	}
	video(2, time.Hour+5*time.Second, false) // of the new sink, before its IDR
	video(1, time.Hour+time.Second, false)
	video(2, time.Hour+6*time.Second, true)
	video(1, time.Hour+7*time.Second, true) // of the one before
	video(2, time.Hour+6*time.Second+pictureTime, false)
	if err := m.close(nil); err != nil {
		t.Fatal(err)
	}
	got := placed(t, m.file.Name(), 0)
	if len(got) != 33 || grown != 1 {
		t.Errorf("%d pictures are in the file, which grew first %d times", len(got), grown)
	}
	for n, want := range map[uint32]time.Duration{1: 0, 30: 29 * pictureTime, 32: time.Second, 33: time.Second + pictureTime, 35: time.Second + 2*pictureTime} {
		if at, ok := got[n]; !ok || (at-want).Abs() > time.Millisecond {
			t.Errorf("picture %d is at %v, not %v", n, at, want)
		}
	}
	if len(pauses) != 1 || time.Duration(pauses[0].At*float64(time.Second)) > 1100*time.Millisecond || pauses[0].Length < 4.9 || pauses[0].Length > 5.1 {
		t.Errorf("pauses are %+v", pauses)
	}
	if origin := time.Duration(m.origin.Load()); origin != time.Hour {
		t.Errorf("the mix begins at %v", origin)
	}
}
