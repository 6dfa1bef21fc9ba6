package record

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tilemix/codec/mp4"
	"tilemix/mcu/media"
	"tilemix/mcu/record/sidecar"
)

// leftFiles returns the names of the files in the folder of tracks.
func leftFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		names = append(names, f.Name())
	}
	return names
}

// TestTrackWithoutPicture has a camera whose key frames lack parameter sets. Nothing of it can be shown,
// so it leaves no file, and says why.
func TestTrackWithoutPicture(t *testing.T) {
	tr := testTracks(t)
	tr.take(&piece{kind: joined, id: "a"})
	for n := range 60 {
		at := media.Time{Arrived: time.Duration(n) * time.Second / 30}
		tr.take(&piece{kind: picture, id: "a", key: true, data: []byte{0, 0, 0, 1, 0x65, 0x88, 0x80}, at: at})
	}
	if names := leftFiles(t, tr.dir); len(names) > 0 {
		t.Errorf("while it runs, there are %v", names)
	}
	tr.take(&piece{kind: left, id: "a", at: media.Time{Arrived: 3 * time.Second}})
	if names := leftFiles(t, tr.dir); len(names) > 0 {
		t.Errorf("it leaves %v", names)
	}
	tracks := tr.Everybody()[0].Tracks
	if len(tracks) != 1 || tracks[0].File != "" || !strings.Contains(tracks[0].Reason, "parameter sets") {
		t.Errorf("tracks are %+v", tracks)
	}
}

// TestTrackBeginsWithPicture has pictures that cannot be decoded before one that can. The track begins
// with that.
func TestTrackBeginsWithPicture(t *testing.T) {
	tr := testTracks(t)
	tr.take(&piece{kind: joined, id: "a"})
	for n := range 90 {
		at := media.Time{Arrived: time.Duration(n) * time.Second / 30}
		data := []byte{0, 0, 0, 1, 0x65, 0x88, 0x80}
		if n >= 30 {
			data = numberedPicture(n, true)
		}
		tr.take(&piece{kind: picture, id: "a", key: true, data: data, at: at})
	}
	tr.take(&piece{kind: left, id: "a", at: media.Time{Arrived: 3 * time.Second}})
	tracks := tr.Everybody()[0].Tracks
	if len(tracks) != 1 || tracks[0].Start != 1 || tracks[0].Reason != "" {
		t.Fatalf("tracks are %+v", tracks)
	}
	if at := placed(t, filepath.Join(tr.dir, tracks[0].File), time.Second)[45]; (at - 1500*time.Millisecond).Abs() > time.Millisecond {
		t.Errorf("a picture of 1.5 s is at %v", at)
	}
}

// TestTrackFolderGone has no folder for the files: the tracks say why they end.
func TestTrackFolderGone(t *testing.T) {
	tr := testTracks(t)
	tr.take(&piece{kind: joined, id: "a"})
	if err := os.Remove(tr.dir); err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		at := media.Time{Arrived: time.Duration(n) * 20 * time.Millisecond, Timestamp: uint32(n) * 960}
		tr.take(&piece{kind: sound, id: "a", data: []byte{0xf8, 1, 2}, at: at})
	}
	tracks := tr.Everybody()[0].Tracks
	if len(tracks) != 1 || tracks[0].File != "" || !strings.Contains(tracks[0].Reason, "no such file") || strings.Contains(tracks[0].Reason, tr.dir) {
		t.Errorf("tracks are %+v", tracks)
	}
}

// TestRepairEmptyTrack has the process end while the first fragment of a track is written: nothing of it
// is whole.
func TestRepairEmptyTrack(t *testing.T) {
	for name, data := range map[string][]byte{"empty": nil, "torn": torn(t)} {
		dir := t.TempDir()
		info := sidecar.Info{ID: "x", State: sidecar.Recording, Participants: []sidecar.Person{{ID: "a", Tracks: []sidecar.Track{{Kind: "video", File: "x-000-a-video.mp4"}}}}}
		if err := info.Save(dir); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"x.mp4", "x-000-a-video.mp4"} {
			if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		told := 0
		found := repairer{dir: dir, ours: true, log: testTracks(t).log, repaired: func(sidecar.Info, sidecar.State) { told++ }}.find()
		if len(found) != 1 || told != 1 {
			t.Fatalf("%s: found %+v, told %d times", name, found, told)
		}
		track := found[0].Participants[0].Tracks[0]
		if track.File != "" || !strings.HasPrefix(track.Reason, "interrupted") {
			t.Errorf("%s: the track is %+v", name, track)
		}
		if _, err := os.Stat(filepath.Join(dir, "x-000-a-video.mp4")); !os.IsNotExist(err) {
			t.Errorf("%s: the file is still there: %v", name, err)
		}
		if again, err := sidecar.Load(dir, "x"); err != nil || again.Participants[0].Tracks[0].File != "" {
			t.Errorf("%s: the next server reads %+v, %v", name, again, err)
		}
	}
}

// torn is the beginning of a file, and half of its first fragment.
func torn(t *testing.T) []byte {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cfg := mp4.Default()
	cfg.Audio = false
	w := mp4.NewWriter(f, cfg)
	for n := range 30 {
		if err := w.WriteVideo(numberedPicture(n, n == 0), time.Duration(n)*time.Second/30, pictureTime, n == 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return data[:len(data)-50]
}
