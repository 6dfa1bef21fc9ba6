package copies_test

import (
	"crypto/md5" //nolint:gosec // ETags of S3 are MD5
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// bucket is a small server of S3, for one bucket, that can be made to do what real ones do on bad days.
type bucket struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	objects map[string][]byte
	tags    map[string]string
	parts   map[string]map[int][]byte // by upload
	puts    int                       // of objects and parts
	aborted int
	ill     func(w http.ResponseWriter, r *http.Request) bool // answers in the server's place if it returns true; nil: it is well
	lies    func(data []byte, tag string) ([]byte, string)    // changes what is kept; nil: nothing is
}

func serve(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{t: t, objects: map[string][]byte{}, tags: map[string]string{}, parts: map[string]map[int][]byte{}}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

// be sets what the server does from now on.
func (b *bucket) be(ill func(http.ResponseWriter, *http.Request) bool, lies func([]byte, string) ([]byte, string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ill, b.lies = ill, lies
}

func (b *bucket) object(key string) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.objects[key]
	return data, ok
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	ill := b.ill
	b.mu.Unlock()
	if ill != nil && ill(w, r) {
		return
	}
	if !strings.Contains(r.Header.Get("Authorization"), "Credential=tester/") {
		refuse(w, http.StatusForbidden, "AccessDenied", "tester only")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	body = unchunked(body, r)
	if sum := r.Header.Get("Content-Md5"); sum != "" && sum != base64.StdEncoding.EncodeToString(md5sum(body)) {
		refuse(w, http.StatusBadRequest, "BadDigest", "the MD5 is another")
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	key, query := strings.TrimPrefix(r.URL.Path, "/calls/"), r.URL.Query()
	id := query.Get("uploadId")
	switch {
	case r.Method == http.MethodPost && query.Has("uploads"):
		id = strconv.Itoa(len(b.parts) + 1)
		b.parts[id] = map[int][]byte{}
		fmt.Fprintf(w, `<InitiateMultipartUploadResult><Bucket>calls</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>`, key, id)
	case r.Method == http.MethodPut && id != "":
		n, _ := strconv.Atoi(query.Get("partNumber"))
		b.parts[id][n] = body
		b.puts++
		w.Header().Set("ETag", fmt.Sprintf("%q", fmt.Sprintf("%x", md5sum(body))))
	case r.Method == http.MethodPost && id != "":
		var all, sums []byte
		for n := range len(b.parts[id]) {
			all, sums = append(all, b.parts[id][n+1]...), append(sums, md5sum(b.parts[id][n+1])...)
		}
		tag := b.keep(key, all, fmt.Sprintf("%x-%d", md5sum(sums), len(b.parts[id])))
		fmt.Fprintf(w, `<CompleteMultipartUploadResult><Bucket>calls</Bucket><Key>%s</Key><ETag>%q</ETag></CompleteMultipartUploadResult>`, key, tag)
	case r.Method == http.MethodDelete && id != "":
		b.aborted++
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodPut:
		b.puts++
		w.Header().Set("ETag", fmt.Sprintf("%q", b.keep(key, body, fmt.Sprintf("%x", md5sum(body)))))
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		data, ok := b.objects[key]
		if !ok {
			refuse(w, http.StatusNotFound, "NoSuchKey", "there is none")
			return
		}
		w.Header().Set("ETag", fmt.Sprintf("%q", b.tags[key]))
		w.Header().Set("Last-Modified", "Sat, 28 Nov 2026 12:00:00 GMT")
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(data)
		}
	default:
		refuse(w, http.StatusNotImplemented, "NotImplemented", r.Method+" "+r.URL.String())
	}
}

// keep keeps an object, and returns its ETag.
func (b *bucket) keep(key string, data []byte, tag string) string {
	if b.lies != nil {
		data, tag = b.lies(slices.Clone(data), tag)
	}
	b.objects[key], b.tags[key] = data, tag
	return tag
}

func md5sum(data []byte) []byte {
	sum := md5.Sum(data) //nolint:gosec // see the import
	return sum[:]
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<Error><Code>%s</Code><Message>%s</Message></Error>`, code, message)
}

// unchunked takes the frames of aws-chunked off a body.
func unchunked(body []byte, r *http.Request) []byte {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return body
	}
	var out []byte
	for len(body) > 0 {
		head, rest, ok := strings.Cut(string(body), "\r\n")
		size, _, _ := strings.Cut(head, ";")
		n, err := strconv.ParseInt(size, 16, 32)
		if !ok || err != nil || n == 0 || int(n)+2 > len(rest) {
			return out
		}
		out, body = append(out, rest[:n]...), []byte(rest[n+2:])
	}
	return out
}
