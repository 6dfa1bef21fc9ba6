package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tilemix/signaling/access/store"
)

type file struct {
	Version int      `json:"version"`
	Names   []string `json:"names"`
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		text  string
		err   error
		words string
	}{
		{`{"version":1,"names":["a"]}`, nil, ""},
		{`{"version":3}`, store.ErrNewer, "version 3"},
		{`{"version":3,"future":true}`, store.ErrNewer, "f.json"},
		{`{}`, store.ErrBroken, "f.json:1"},
		{"", store.ErrBroken, "f.json:1"},
		{"{\"version\":1,\n\"names\":[\"a\",}", store.ErrBroken, "f.json:2"},
		{"{\"version\":1,\n\n\"names\":7}", store.ErrBroken, "f.json:3"},
		{"{\"version\":1,\n\n\"nmes\":[]}", store.ErrBroken, "nmes"},
		{"{\"version\":1,\n", store.ErrBroken, "f.json:2"},
	} {
		var v file
		err := store.Decode("f.json", []byte(c.text), 2, &v)
		if !errors.Is(err, c.err) || err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rooms", "f.json")
	none, err := store.Stat(path)
	if err != nil || !none.Equal(store.Stamp{}) {
		t.Errorf("%v, %v", none, err)
	}
	stamps := []store.Stamp{none}
	for _, text := range []string{"one", "two", "two"} {
		if err := store.Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		data, stamp, err := store.Read(path)
		if string(data) != text || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		if now, err := store.Stat(path); !now.Equal(stamp) || err != nil {
			t.Errorf("the stamp of the same file differs: %v", err)
		}
		for _, s := range stamps {
			if s.Equal(stamp) {
				t.Error("the stamp of another file is the same")
			}
		}
		stamps = append(stamps, stamp)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := store.Write(filepath.Join(path, "x"), nil); err == nil {
		t.Error("a folder that is a file")
	}
	if _, _, err := store.Read(filepath.Dir(path)); err == nil {
		t.Error("a folder is read as a file")
	}
}

func TestReadBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, store.Largest+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := store.Read(path); !errors.Is(err, store.ErrBroken) {
		t.Errorf("a file that is too long: %v", err)
	}
}

// TestOwner writes as root into the folder of another user.
func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := t.TempDir()
	if err := os.Chown(dir, 12, 34); err != nil {
		t.Fatal(err)
	}
	if err := store.Write(filepath.Join(dir, "f"), nil); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "f"))
	if err != nil {
		t.Fatal(err)
	}
	if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 12 || owner.Gid != 34 {
		t.Errorf("the file is of %d:%d", owner.Uid, owner.Gid)
	}
}
