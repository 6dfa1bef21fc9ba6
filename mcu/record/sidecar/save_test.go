package sidecar

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// sample is an Info with everything in it.
func sample() Info {
	return Info{
		ID: "x", Room: "demo", State: Recording, Started: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Length: 12.5, Size: 1000, Audio: "opus",
		DroppedPictures: 1, DroppedPackets: 2, DroppedTracks: 3, Start: 0.25, Pauses: []Pause{{At: 3, Length: 4}}, ParticipantsOmitted: 5,
		Participants: []Person{{ID: "a", Name: "Ada", Joined: 1, Left: 2, Tracks: []Track{{Kind: "video", Codec: "h264", File: "x-000-a-video.mp4", Start: 1.5, Reason: "none"}}}},
	}
}

// TestSaveAndLoad: what is saved is loaded, and the next state takes the place of the one before.
func TestSaveAndLoad(t *testing.T) {
	dir, i := t.TempDir(), sample()
	for _, state := range []State{Starting, Recording, Paused, Finished} {
		i.State = state
		if err := i.Save(dir); err != nil {
			t.Fatal(err)
		}
		if got, err := Load(dir, "x"); err != nil || !reflect.DeepEqual(got, i) {
			t.Errorf("%+v became %+v, %v", i, got, err)
		}
		data, err := os.ReadFile(filepath.Join(dir, "x"+Ending))
		if err != nil {
			t.Fatal(err)
		}
		if padded := bytes.HasSuffix(data, []byte("    \n")); padded == state.Ended() {
			t.Errorf("%s: it ends in blanks: %v", state, padded)
		}
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("there are %v, %v", all, err)
	}
}

// TestOverwrite has a folder that takes no new file, as a full disk does: the last state takes the place
// of the one before, if there is room for it.
func TestOverwrite(t *testing.T) {
	dir, i := t.TempDir(), sample()
	if err := i.Save(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x"+Ending)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	// A folder by the name of the new file, which is not empty, so it stays.
	if err := os.MkdirAll(filepath.Join(path+"~", "stays"), 0o700); err != nil {
		t.Fatal(err)
	}
	i.State, i.Reason = Failed, strings.Repeat("the disk is full. ", 20)
	if err := i.Save(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(dir, "x"); err != nil || !reflect.DeepEqual(got, i) {
		t.Errorf("it is %+v, %v", got, err)
	}
	if after, err := os.Stat(path); err != nil || after.Size() != before.Size() {
		t.Errorf("%d bytes became %d, %v", before.Size(), after.Size(), err)
	}
	long := i
	long.Reason = strings.Repeat("x", 10_000)
	if err := long.Save(dir); err == nil {
		t.Error("what has no room was saved")
	}
	if got, err := Load(dir, "x"); err != nil || !reflect.DeepEqual(got, i) {
		t.Errorf("half of it was: %+v, %v", got, err)
	}
}

// TestLoadRefuses has files that are not what their names say.
func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"empty": "", "torn": `{"id":"torn","room":`, "other": `{"id":"x"}`, "list": `[]`} {
		if err := os.WriteFile(filepath.Join(dir, name+Ending), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if i, err := Load(dir, name); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: loaded %+v, %v", name, i, err)
		}
	}
	if _, err := Load(dir, "none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("one that is not there: %v", err)
	}
}

// TestHas: files are those of tracks, by their whole names.
func TestHas(t *testing.T) {
	i := sample()
	i.Participants = append(i.Participants, Person{ID: "b", Tracks: []Track{{Kind: "video", Reason: "no picture"}}})
	for name, want := range map[string]bool{"x-000-a-video.mp4": true, "x.mp4": false, "../x-000-a-video.mp4": false, "x-000-a-video": false} {
		if i.Has(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
