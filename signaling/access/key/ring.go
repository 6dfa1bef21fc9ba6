package key

import (
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/store"
)

// saveUses is the least time between two writes of when keys were used.
const saveUses = time.Minute

// Ring judges keys. It is safe for concurrent use and starts nothing.
type Ring struct {
	dir string
	log *slog.Logger

	mu    sync.Mutex     // guards what follows
	keys  map[string]Key // by their hashes
	stamp store.Stamp    // of the file that they are from
	bad   store.Stamp    // of a broken one that is there now
	used  map[string]time.Time
	saved time.Time // when used was written
}

// Open reads the keys of a folder. A file that is broken, or of a newer version, is an error
// that names its line.
func Open(dir string, log *slog.Logger) (*Ring, error) {
	r := &Ring{dir: dir, log: log}
	f, stamp, err := read(dir)
	if err != nil {
		return nil, err
	}
	if r.used, err = readUses(dir); err != nil {
		log.Warn("the last uses of keys are lost", "error", err)
	}
	r.take(f, stamp)
	return r, nil
}

func (r *Ring) take(f file, stamp store.Stamp) {
	r.stamp, r.bad, r.keys = stamp, store.Stamp{}, map[string]Key{}
	for _, k := range f.Keys {
		r.keys[k.Hash] = k
	}
}

// follow reads the file again if it has changed.
func (r *Ring) follow() {
	stamp, err := store.Stat(filepath.Join(r.dir, "keys.json"))
	none := stamp.Equal(store.Stamp{})
	if err != nil || stamp.Equal(r.stamp) || !none && stamp.Equal(r.bad) {
		return
	}
	f, stamp, err := read(r.dir)
	if err != nil {
		r.bad = stamp
		r.log.Error("keys stay as they were", "error", err)
		return
	}
	r.take(f, stamp)
	r.log.Info("keys read again", "keys", len(r.keys))
}

// Any tells whether there are keys, expired ones too. Without any, the API is for loopback only.
func (r *Ring) Any() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.follow()
	return len(r.keys) > 0
}

// List returns all keys, oldest first, without their hashes.
func (r *Ring) List() ([]Key, error) {
	f, _, err := read(r.dir)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, k := range f.Keys {
		f.Keys[i].Used, f.Keys[i].Hash = r.used[k.Hash], ""
	}
	return f.Keys, nil
}

// Remove takes a key away. It fails with the next request. Errors: ErrNone, and those of the file.
func (r *Ring) Remove(name string) error { return Remove(r.dir, name) }

// Looks tells whether a credential has the form of a key.
func Looks(text string) bool { return credential.IsSecret(text, Prefix) }

// Verify returns what a key grants for a room, or in general if room is "". A key with the scope
// moderate acts as a host. An error is a *credential.Refusal: key_invalid, key_expired or key_room.
func (r *Ring) Verify(secret, room string, now time.Time) (credential.Claims, error) {
	hash := credential.Hash(secret)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.follow()
	k, ok := r.keys[hash]
	if !ok {
		return credential.Claims{}, credential.Refuse("key_invalid", "the key is not one of this server")
	}
	if !k.Expires.IsZero() && !now.Before(k.Expires) {
		return credential.Claims{}, credential.Refuse("key_expired", "the key has expired: its operator can add another")
	}
	allowed, err := rights(k.Scopes)
	if err != nil { // check has let it in
		return credential.Claims{}, credential.Refuse("key_invalid", "the key has no scope")
	}
	c := credential.Claims{Rooms: k.Rooms, Expires: k.Expires, ID: k.Name, Grant: policy.Grant{Rights: allowed, By: "key:" + k.Name}}
	if moderates, _ := rights([]string{"moderate"}); allowed&moderates != 0 {
		c.Grant.Role = policy.Host
	}
	if room != "" && !c.Admits(room) {
		return credential.Claims{}, credential.Refuse("key_room", "the key is not for room %q", room)
	}
	r.use(hash, now)
	return c, nil
}

// use notes a use, and writes all of the last minute.
func (r *Ring) use(hash string, now time.Time) {
	r.used[hash] = now.UTC().Truncate(time.Second)
	if now.Sub(r.saved) < saveUses {
		return
	}
	r.saved = now
	r.save()
}

func (r *Ring) save() {
	for hash := range r.used { // of keys that were removed
		if _, ok := r.keys[hash]; !ok {
			delete(r.used, hash)
		}
	}
	data, err := json.MarshalIndent(uses{version, r.used}, "", "  ")
	if err == nil {
		err = store.Write(filepath.Join(r.dir, "keys-used.json"), append(data, '\n'))
	}
	if err != nil {
		r.log.Warn("the last uses of keys are not written", "error", err)
	}
}

// Flush writes when keys were used. The caller calls it when the server stops.
func (r *Ring) Flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.used) > 0 {
		r.save()
	}
}

// uses is keys-used.json: when keys were used last, by their hashes.
type uses struct {
	Version int                  `json:"version"`
	Used    map[string]time.Time `json:"used"`
}

// readUses never returns nil.
func readUses(dir string) (map[string]time.Time, error) {
	at := filepath.Join(dir, "keys-used.json")
	u := uses{Used: map[string]time.Time{}}
	data, _, err := store.Read(at)
	if err != nil || data == nil {
		return u.Used, err
	}
	if err := store.Decode(at, data, version, &u); err != nil || u.Used == nil {
		return map[string]time.Time{}, err
	}
	return u.Used, nil
}
