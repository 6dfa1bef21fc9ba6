package copies

import (
	"context"
	"crypto/md5" //nolint:gosec // ETags of S3 are MD5
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

const (
	mostParts = 9000 // of the 10,000 that S3 takes
	threads   = 2    // parts on their way at once
)

// storage is a bucket. It is safe for concurrent use.
type storage struct {
	place
	client *minio.Client
	conns  *http.Transport
	cfg    Config
}

func newStorage(cfg Config, at place) (*storage, error) {
	o := &minio.Options{Secure: at.secure, Region: cfg.Region, BucketLookup: minio.BucketLookupPath, MaxRetries: 1}
	o.Creds = credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, "")
	conns := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: cfg.Stall}).DialContext,
		TLSHandshakeTimeout:   cfg.Stall,
		ResponseHeaderTimeout: cfg.Stall,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   threads,
		DisableCompression:    true,
	}
	o.Transport = conns
	client, err := minio.New(at.host, o)
	if err != nil {
		return nil, err
	}
	return &storage{place: at, client: client, conns: conns, cfg: cfg}, nil
}

// url names an object for people. It has no secret.
func (s *storage) url(name string) string {
	scheme := "http://"
	if s.secure {
		scheme = "https://"
	}
	return scheme + s.host + "/" + s.bucket + "/" + s.prefix + name
}

// source is a file, or memory.
type source interface {
	io.ReaderAt
	io.Reader
}

// errStalled is why an attempt ends in which nothing moves.
var errStalled = errors.New("the storage takes nothing and sends nothing")

// errDiffers is returned for a copy that is not what was sent.
var errDiffers = errors.New("the storage has other bytes than were sent")

// put sends an object, and returns nil once the storage has the same bytes. The error has no secret.
func (s *storage) put(ctx context.Context, name string, from source, size int64) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	alive := &pulse{s.cfg.Stall, time.AfterFunc(s.cfg.Stall, func() { cancel(errStalled) })}
	defer alive.timer.Stop()
	err := s.tryPut(ctx, s.prefix+name, from, size, alive)
	if errors.Is(context.Cause(ctx), errStalled) {
		err = errStalled
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, s.bare(err))
	}
	return nil
}

func (s *storage) tryPut(ctx context.Context, key string, from source, size int64, alive *pulse) error {
	part := max(s.cfg.PartSize, (size/mostParts+1<<20-1)>>20<<20)
	tag, err := etag(io.TeeReader(io.NewSectionReader(from, 0, size), alive), size, part)
	if err != nil {
		return err
	}
	kind := "video/mp4"
	if strings.HasSuffix(key, ".json") {
		kind = "application/json"
	}
	_, err = s.client.PutObject(ctx, s.bucket, key, io.NewSectionReader(from, 0, size), size, minio.PutObjectOptions{
		ContentType: kind, PartSize: uint64(part), NumThreads: threads, SendContentMd5: true, DisableMultipart: size <= part, Progress: alive,
		DisableContentSha256: true, // older servers keep the frames of a body that is signed in chunks
	})
	if err != nil {
		return err
	}
	there, err := s.client.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
	switch {
	case err != nil:
		return err
	case there.Size != size:
		return fmt.Errorf("%w: %d bytes, not %d", errDiffers, there.Size, size)
	case strings.Trim(there.ETag, `"`) == tag:
		return nil
	}
	return s.compare(ctx, key, io.NewSectionReader(from, 0, size), alive)
}

// compare reads an object back.
func (s *storage) compare(ctx context.Context, key string, from io.Reader, alive *pulse) error {
	object, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return err
	}
	defer object.Close()
	mine, theirs := sha256.New(), sha256.New()
	if _, err := io.Copy(mine, io.TeeReader(from, alive)); err != nil {
		return err
	}
	if _, err := io.Copy(theirs, io.TeeReader(object, alive)); err != nil {
		return err
	}
	if [sha256.Size]byte(mine.Sum(nil)) != [sha256.Size]byte(theirs.Sum(nil)) {
		return errDiffers
	}
	return nil
}

// etag returns the ETag that S3 gives what it gets in parts of a size: the MD5 of all, or of the MD5s of the
// parts and their number.
func etag(from io.Reader, size, part int64) (string, error) {
	whole, parts := md5.New(), 0 //nolint:gosec // see the import
	for left := size; left > 0; left -= part {
		sum := md5.New() //nolint:gosec // see the import
		if _, err := io.CopyN(sum, from, min(part, left)); err != nil {
			return "", err
		}
		if size <= part {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		whole.Write(sum.Sum(nil))
		parts++
	}
	return fmt.Sprintf("%x-%d", whole.Sum(nil), parts), nil
}

// bare returns an error without keys, which a storage might send back.
func (s *storage) bare(err error) error {
	if errors.Is(err, errDiffers) || errors.Is(err, errStalled) {
		return err
	}
	text := err.Error()
	if r := minio.ToErrorResponse(err); r.Code != "" {
		text = fmt.Sprintf("the storage refuses: %s: %s", r.Code, r.Message)
	}
	for _, secret := range []string{s.cfg.SecretKey, s.cfg.AccessKey} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	return errors.New(text)
}

// pulse keeps an attempt from ending while bytes move. It takes them as a writer and as the progress of a
// minio.Client. It is safe for concurrent use.
type pulse struct {
	within time.Duration
	timer  *time.Timer
}

// Read notes that bytes were sent.
func (p *pulse) Read(b []byte) (int, error) { return p.Write(b) }

// Write notes that bytes came.
func (p *pulse) Write(b []byte) (int, error) {
	p.timer.Reset(p.within)
	return len(b), nil
}
