package token

import (
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/MicahParks/keyfunc/v3"

	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/store"
)

const (
	keep       = 15 * time.Minute // how long a JWKS is used unasked
	refetch    = time.Minute      // least time between two fetches
	largestSet = 1 << 20          // bytes of a JWKS
	mostKeys   = 256              // of a JWKS
)

// set is a JWKS. It is safe for concurrent use.
type set struct {
	where  string // a file or a URL; no text shows it, because it may hold a secret
	remote bool
	client *http.Client
	log    *slog.Logger

	turn chan struct{} // held by the one that fetches

	mu    sync.Mutex // guards what follows
	keys  []key
	tried time.Time // of the last fetch; zero: none
	read  time.Time // of the last that worked; zero: none
}

func newSet(where string, limit time.Duration, log *slog.Logger) (*set, error) {
	s := &set{where: where, log: log, turn: make(chan struct{}, 1)}
	if !strings.Contains(where, "://") {
		return s, nil
	}
	u, err := url.Parse(where)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the JWKS must be a file, or a URL that begins with https:// or http://")
	}
	s.remote = true
	s.client = &http.Client{
		Timeout:       limit,
		Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s, nil
}

// find returns the keys of an algorithm with an ID, or all of the algorithm if id is "". It fetches
// the set if it is old or has no such key. An error says that there never was a set.
func (s *set) find(ctx context.Context, alg, id string, now time.Time) ([]key, error) {
	found, fresh, wait := s.match(alg, id, now)
	if len(found) > 0 && fresh || wait > 0 {
		return s.result(found, wait)
	}
	if len(found) > 0 {
		select {
		case s.turn <- struct{}{}:
		default:
			return found, nil // another fetches; what is there does meanwhile
		}
	} else {
		select {
		case s.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer func() { <-s.turn }()
	if _, _, wait = s.match(alg, id, now); wait == 0 {
		s.fetch(ctx, now)
	}
	found, _, wait = s.match(alg, id, now)
	return s.result(found, wait)
}

// result is an error if there never was a set.
func (s *set) result(found []key, wait time.Duration) ([]key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read.IsZero() {
		r := credential.Refuse("token_keys", "the server cannot get the keys that tokens are verified with: its operator finds the reason in the log")
		r.After = wait
		return nil, r
	}
	return found, nil
}

// match returns what is there, whether it is new enough, and how long no fetch is allowed.
func (s *set) match(alg, id string, now time.Time) (found []key, fresh bool, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.alg == alg && (id == "" || k.id == id) {
			found = append(found, k)
		}
	}
	if !s.tried.IsZero() {
		wait = min(max(s.tried.Add(refetch).Sub(now), 0), refetch)
	}
	return found, now.Sub(s.read) < keep, wait
}

func (s *set) fetch(ctx context.Context, now time.Time) {
	keys, err := s.load(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried = now
	if err != nil {
		s.log.Error("JWKS not read, its keys stay as they were", "error", err)
		return
	}
	s.keys, s.read = keys, now
}

func (s *set) load(ctx context.Context) ([]key, error) {
	if !s.remote {
		data, _, err := store.Read(s.where)
		if err == nil && data == nil {
			err = fmt.Errorf("%s is not there", s.where)
		}
		if err != nil {
			return nil, err
		}
		return parseSet(data, false)
	}
	// The fetch serves all who wait for it, so the end of one request does not end it.
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodGet, s.where, nil)
	if err != nil {
		return nil, errors.New("the URL is none")
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "tilemix")
	response, err := s.client.Do(request)
	if u, ok := errors.AsType[*url.Error](err); ok {
		return nil, u.Err // without the URL
	}
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, largestSet+1))
	if err != nil {
		return nil, err
	}
	return parseSet(data, true)
}

// parseSet reads a JWKS. Keys that serve other ends are left out; a set without any is an error.
func parseSet(data []byte, remote bool) (keys []key, err error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(data) > largestSet || json.Unmarshal(data, &raw) != nil || len(raw.Keys) > mostKeys {
		return nil, fmt.Errorf(`it is no JWKS: JSON with up to %d "keys" in %d bytes`, mostKeys, largestSet)
	}
	for _, one := range raw.Keys {
		if k, ok := parseJWK(one, remote); ok {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no key in the JWKS is for RS256, ES256 or EdDSA, or in a file for HS256")
	}
	return keys, nil
}

func parseJWK(one json.RawMessage, remote bool) (key, bool) {
	kf, err := keyfunc.NewJWKJSON(one)
	if err != nil {
		return key{}, false
	}
	all, err := kf.Storage().KeyReadAll(context.Background())
	if err != nil || len(all) != 1 {
		return key{}, false
	}
	value, about := all[0].Key(), all[0].Marshal()
	if private, ok := value.(interface{ Public() crypto.PublicKey }); ok {
		value = private.Public()
	}
	k, err := keyOf(value)
	k.id = about.KID
	alg, use := string(about.ALG), string(about.USE)
	return k, err == nil && (alg == "" || alg == k.alg) && (use == "" || use == "sig") && (k.alg != "HS256" || !remote)
}
