package certs

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// Files is the source of a certificate in two files, which are read again when they change.
type Files struct {
	cert, key string
	log       *slog.Logger
	read      version // of the pair in use
	tried     version // of the pair that was looked at last
	failed    int     // looks at which tried could not be read
	pair      atomic.Pointer[tls.Certificate]
	errors    atomic.Uint64
}

// version tells one state of the two files from another.
type version [2]struct {
	at   time.Time
	size int64
}

// NewFiles reads a certificate with its chain, and its key, both PEM. Run must be called for it
// to follow changes.
func NewFiles(cert, key string, log *slog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log}
	v, err := f.version()
	if err != nil {
		return nil, err
	}
	return f, f.load(v)
}

// Certificate returns the certificate of now. It is safe for concurrent use.
func (f *Files) Certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return f.pair.Load(), nil
}

// Expiry returns when the certificate ends.
func (f *Files) Expiry() time.Time { return f.pair.Load().Leaf.NotAfter }

// Errors counts changes of the files that left no pair that fits.
func (f *Files) Errors() uint64 { return f.errors.Load() }

// Run reads the files again within 5 s of a change, until ctx ends. A pair that does not fit leaves
// the old one in use. It returns nil.
func (f *Files) Run(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			f.follow()
		}
	}
}

// follow looks at the files once. Somebody who writes one after the other is given a second look
// before it counts as an error.
func (f *Files) follow() {
	v, err := f.version()
	if err == nil && v == f.read {
		f.tried, f.failed = v, 0
		return
	}
	if v != f.tried {
		f.tried, f.failed = v, 0
	}
	if err == nil {
		err = f.load(v)
	}
	if err == nil {
		f.failed = 0
		f.log.Info("certificate read again", "file", f.cert, "until", f.Expiry())
		return
	}
	if f.failed++; f.failed == 2 {
		f.errors.Add(1)
		f.log.Error("the old certificate stays in use", "error", err)
	}
}

func (f *Files) version() (v version, err error) {
	for i, file := range []string{f.cert, f.key} {
		info, err := os.Stat(file)
		if err != nil {
			return v, fmt.Errorf("read the certificate: %w", err)
		}
		v[i].at, v[i].size = info.ModTime(), info.Size()
	}
	return v, nil
}

func (f *Files) load(v version) error {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("read the certificate %s with the key %s: %w", f.cert, f.key, err)
	}
	f.pair.Store(&pair)
	f.read = v
	return nil
}
