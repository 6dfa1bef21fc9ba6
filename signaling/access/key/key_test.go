package key_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/key"
	"tilemix/signaling/access/store"
)

var now = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) (*key.Ring, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	r, err := key.Open(dir, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return r, log
}

func add(t *testing.T, dir string, k key.Key) string {
	t.Helper()
	secret, err := key.Add(dir, k, now)
	if err != nil || !key.Looks(secret) {
		t.Fatalf("%q, %v", secret, err)
	}
	return secret
}

func code(err error) string {
	if r, ok := errors.AsType[*credential.Refusal](err); ok {
		return r.Code
	}
	return fmt.Sprint(err)
}

// TestScopes asks for each action by a key of each scope.
func TestScopes(t *testing.T) {
	dir := t.TempDir()
	r, _ := open(t, dir)
	want := map[string][]string{
		"rooms:read":  {"rooms", "status"},
		"rooms:write": {"drain", "end", "history", "invites", "keys", "layouts", "lock", "room"},
		"moderate": {
			"admit", "ask", "back", "bans", "events", "hands", "kick", "lowerThird", "message", "move", "overlays", "participants", "reject", "set", "spotlight", "stats", "waiting",
		},
		"record":  {"broadcast", "inputs", "outputs", "record", "recordings"},
		"metrics": {"metrics", "stats"},
	}
	for _, scope := range key.Scopes() {
		c, err := r.Verify(add(t, dir, key.Key{Name: strings.ReplaceAll(scope, ":", "-"), Rooms: "*", Scopes: []string{scope}}), "", now)
		if err != nil {
			t.Fatal(err)
		}
		var may []string
		for _, action := range policy.Actions() {
			if c.Grant.May(action) == nil {
				may = append(may, action)
			}
		}
		if scope == "join" {
			if c.Grant.Rights != policy.Participant.Rights() {
				t.Errorf("join may %v", may)
			}
			continue
		}
		if !slices.Equal(may, want[scope]) {
			t.Errorf("%s may %v, want %v", scope, may, want[scope])
		}
		if host := c.Grant.Role == policy.Host; host != (scope == "moderate") {
			t.Errorf("%s: %v", scope, c.Grant.Role)
		}
	}
}

// TestVerify has keys that are good, and others.
func TestVerify(t *testing.T) {
	dir := t.TempDir()
	r, _ := open(t, dir)
	if r.Any() {
		t.Error("there are keys")
	}
	exam := add(t, dir, key.Key{Name: "exam", Rooms: "exam-*", Scopes: []string{"record", "moderate"}, Expires: now.Add(time.Hour)})
	all := add(t, dir, key.Key{Name: "all", Rooms: "*", Scopes: []string{"metrics"}})
	if !r.Any() {
		t.Error("there are no keys")
	}
	for name, c := range map[string]struct {
		secret, room string
		after        time.Duration
		code         string
	}{
		"good":            {exam, "exam-1", 0, "<nil>"},
		"no room":         {exam, "", 0, "<nil>"},
		"another room":    {exam, "demo", 0, "key_room"},
		"all rooms":       {all, "demo", 365 * 24 * time.Hour, "<nil>"},
		"about to expire": {exam, "exam-1", time.Hour - 1, "<nil>"},
		"expired":         {exam, "exam-1", time.Hour, "key_expired"},
		"nothing":         {"", "exam-1", 0, "key_invalid"},
		"its hash":        {credential.Hash(exam), "exam-1", 0, "key_invalid"},
		"a guess":         {credential.NewSecret(key.Prefix), "exam-1", 0, "key_invalid"},
		"cut":             {exam[:len(exam)-1], "exam-1", 0, "key_invalid"},
	} {
		got, err := r.Verify(c.secret, c.room, now.Add(c.after))
		if code(err) != c.code || err == nil && (got.Grant.Rights == 0 || got.Grant.By != "key:"+got.ID) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	c, err := r.Verify(exam, "exam-1", now)
	if err != nil || c.Admits("") || c.Admits("demo") || !c.Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestRemoved removes a key, and the request after it fails.
func TestRemoved(t *testing.T) {
	dir := t.TempDir()
	r, _ := open(t, dir)
	one, two := add(t, dir, key.Key{Name: "one", Rooms: "*", Scopes: []string{"metrics"}}), ""
	for i := range 5 {
		two = add(t, dir, key.Key{Name: "two", Rooms: "*", Scopes: []string{"metrics"}})
		if _, err := r.Verify(two, "", now); err != nil {
			t.Errorf("round %d: %v", i, err)
		}
		if err := key.Remove(dir, "two"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Verify(two, "", now); code(err) != "key_invalid" {
			t.Errorf("round %d, removed: %v", i, err)
		}
	}
	if _, err := r.Verify(one, "", now); err != nil {
		t.Error(err)
	}
	if err := key.Remove(dir, "two"); !errors.Is(err, key.ErrNone) {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(dir, "keys.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Verify(one, "", now); code(err) != "key_invalid" || r.Any() {
		t.Errorf("without the file: %v", err)
	}
}

// TestBroken breaks the file under a Ring: its keys go on, and nothing is written over the file.
func TestBroken(t *testing.T) {
	for text, words := range map[string]string{
		"{\"version\":1,\n\"keys\":[":                                                  "keys.json:2",
		`{"version":2,"keys":[]}`:                                                      "version 2",
		`{"version":1,"keys":[{"name":"x","rooms":"*","scopes":["fly"]}]}`:             `"fly" is not a scope`,
		`{"version":1,"keys":[{"name":"x","rooms":"[","scopes":["metrics"]}]}`:         `key "x"`,
		`{"version":1,"keys":[{"name":"x","rooms":"*","scopes":[]}]}`:                  "needs a scope",
		`{"version":1,"keys":[{"name":"x y","rooms":"*","scopes":["metrics"]}]}`:       "its name must",
		`{"version":1,"keys":[{"name":"x","rooms":"*","scopes":["metrics"],"a":"b"}]}`: "unknown field",
	} {
		dir := t.TempDir()
		r, log := open(t, dir)
		secret := add(t, dir, key.Key{Name: "one", Rooms: "*", Scopes: []string{"metrics"}})
		if _, err := r.Verify(secret, "", now); err != nil {
			t.Fatal(err)
		}
		if err := store.Write(filepath.Join(dir, "keys.json"), []byte(text)); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := r.Verify(secret, "", now); err != nil {
				t.Errorf("%s: what worked before: %v", text, err)
			}
		}
		if n := strings.Count(log.String(), "keys stay as they were"); n != 1 {
			t.Errorf("%s: logged %d times", text, n)
		}
		_, opened := key.Open(dir, slog.New(slog.DiscardHandler))
		_, added := key.Add(dir, key.Key{Name: "two", Rooms: "*", Scopes: []string{"metrics"}}, now)
		for _, err := range []error{opened, added, key.Remove(dir, "one")} {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%s: %v", text, err)
			}
		}
		if data, _ := os.ReadFile(filepath.Join(dir, "keys.json")); string(data) != text {
			t.Errorf("%s was written over", text)
		}
	}
}

// TestUses writes when a key was used once a minute, and after the last.
func TestUses(t *testing.T) {
	dir := t.TempDir()
	r, _ := open(t, dir)
	secret := add(t, dir, key.Key{Name: "one", Rooms: "exam", Scopes: []string{"metrics"}})
	used := func() time.Duration {
		list, err := key.List(dir)
		if err != nil || len(list) != 1 || list[0].Hash != "" {
			t.Fatalf("%+v, %v", list, err)
		}
		if list[0].Used.IsZero() {
			return -1
		}
		return list[0].Used.Sub(now)
	}
	if used() != -1 {
		t.Error("it was used before it was")
	}
	for _, step := range []struct{ at, want time.Duration }{
		{0, 0}, {time.Second, 0}, {59 * time.Second, 0}, {60 * time.Second, 60 * time.Second}, {100 * time.Second, 60 * time.Second},
	} {
		if _, err := r.Verify(secret, "", now.Add(step.at)); err != nil {
			t.Fatal(err)
		}
		if got := used(); got != step.want {
			t.Errorf("after %v: %v", step.at, got)
		}
	}
	if _, err := r.Verify(secret, "demo", now.Add(time.Hour)); code(err) != "key_room" {
		t.Error(err)
	}
	r.Flush()
	if got := used(); got != 100*time.Second {
		t.Errorf("after the last: %v", got)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys-used.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, log := open(t, dir)
	if _, err := r.Verify(secret, "", now); err != nil || !strings.Contains(log.String(), "keys-used.json:1") {
		t.Errorf("a broken file of uses: %v, %s", err, log)
	}
}

func TestAdd(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	metrics := []string{"metrics"}
	for _, k := range []key.Key{
		{Name: "", Rooms: "*", Scopes: metrics},
		{Name: "a b", Rooms: "*", Scopes: metrics},
		{Name: strings.Repeat("a", 65), Rooms: "*", Scopes: metrics},
		{Name: "a", Rooms: "", Scopes: metrics},
		{Name: "a", Rooms: "[", Scopes: metrics},
		{Name: "a", Rooms: "*"},
		{Name: "a", Rooms: "*", Scopes: []string{"metrics", "fly"}},
		{Name: "a", Rooms: "*", Scopes: metrics, Expires: now},
	} {
		if _, err := key.Add(dir, k, now); !errors.Is(err, key.ErrBad) {
			t.Errorf("%+v: %v", k, err)
		}
	}
	secret := add(t, dir, key.Key{Name: "a", Rooms: "*", Scopes: metrics})
	if _, err := key.Add(dir, key.Key{Name: "a", Rooms: "*", Scopes: metrics}, now); !errors.Is(err, key.ErrTaken) {
		t.Error(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "keys.json"))
	info, _ := os.Stat(filepath.Join(dir, "keys.json"))
	if err != nil || bytes.Contains(data, []byte(secret[4:])) || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v: %s", err, info.Mode(), data)
	}
	var wg sync.WaitGroup // as several commands at once
	for i := range 8 {
		wg.Go(func() {
			if _, err := key.Add(dir, key.Key{Name: fmt.Sprint("k", i), Rooms: "*", Scopes: metrics}, now); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := key.List(dir); len(list) != 9 || err != nil {
		t.Errorf("%d keys, %v", len(list), err)
	}
}
