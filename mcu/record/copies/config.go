package copies

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"tilemix/mcu/backoff"
	"tilemix/mcu/event"
)

// ErrConfig is returned for settings that cannot be used. Its text says which.
var ErrConfig = errors.New("copies of recordings")

// Config says where copies go. Start from Default.
type Config struct {
	// URL is http:// or https://, the host of the storage, the bucket, and what the names of objects begin
	// with: https://s3.example.org/bucket/prefix. "": nothing is copied.
	URL       string
	Region    string // of the bucket
	AccessKey string // "": nobody signs
	SecretKey string // neither logs nor errors have it
	// Remove has a recording removed once its copy agrees.
	Remove bool
	Dir    string // of notes of what was copied; the Copier makes it if it is missing

	PartSize int64            // bytes; a larger file is sent in parts of that size or larger
	Retry    backoff.Schedule // of attempts to copy a recording
	Stall    time.Duration    // for the storage to take or send anything
	// Events gets an event when a recording was copied, and when an attempt fails that none has failed
	// before. It must not block. nil: there are none.
	Events func(event.Event)
}

// Default copies nothing.
func Default() Config {
	return Config{
		Region: "us-east-1", Dir: "data/copies", PartSize: 16 << 20,
		Retry: backoff.Schedule{First: 5 * time.Second, Longest: 10 * time.Minute},
		Stall: 2 * time.Minute,
	}
}

// place is where copies are.
type place struct {
	host, bucket, prefix string
	secure               bool
}

// Check returns why a configuration cannot be used.
func (c Config) Check() error {
	_, err := c.place()
	return err
}

func (c Config) place() (p place, err error) {
	if c.URL == "" {
		return p, nil
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return p, fmt.Errorf("%w: --archive must be like https://HOST/BUCKET or https://HOST/BUCKET/PREFIX, without a user or secrets", ErrConfig)
	}
	p.host, p.secure = u.Host, u.Scheme == "https"
	p.bucket, p.prefix, _ = strings.Cut(strings.Trim(u.Path, "/"), "/")
	if p.prefix != "" {
		p.prefix += "/"
	}
	if len(p.bucket) < 3 {
		return p, fmt.Errorf("%w: --archive names no bucket: https://HOST/BUCKET", ErrConfig)
	}
	if (c.AccessKey == "") != (c.SecretKey == "") {
		return p, fmt.Errorf("%w: --archive-access-key and --archive-secret-key go together", ErrConfig)
	}
	return p, nil
}
