package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	maxTries  = 3                // for one batch
	tryTime   = 10 * time.Second // for an answer
	maxAnswer = 64 << 10         // bytes of an answer that are read
)

// collector sends spans by OTLP over HTTP, in protobuf. It is an otlptrace.Client, safe for concurrent use. It
// stands in for package otlptracehttp, which would bring all of gRPC into the program.
type collector struct {
	url    string
	header http.Header
	client *http.Client
}

// newCollector returns a collector at a base URL.
func newCollector(endpoint, headers string) (*collector, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("--otlp-endpoint must be a URL such as http://localhost:4318, not %q", endpoint)
	}
	header := http.Header{"Content-Type": {"application/x-protobuf"}}
	for pair := range strings.SplitSeq(headers, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		switch {
		case headers == "":
		case !ok || strings.TrimSpace(name) == "" || err != nil:
			return nil, errors.New("--otlp-headers must be NAME=VALUE, and further ones after commas; values are percent-encoded")
		default:
			header.Set(strings.TrimSpace(name), value)
		}
	}
	client := &http.Client{Timeout: tryTime, Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 1}}
	return &collector{u.JoinPath("v1/traces").String(), header, client}, nil
}

// Start is part of otlptrace.Client.
func (*collector) Start(context.Context) error { return nil }

// Stop is part of otlptrace.Client.
func (*collector) Stop(context.Context) error { return nil }

// UploadTraces sends spans. It tries again where the collector has no time for them (OTLP 1.5 §Failures).
func (c *collector) UploadTraces(ctx context.Context, all []*spans.ResourceSpans) error {
	body, err := proto.Marshal(&spans.TracesData{ResourceSpans: all}) // on the wire it is an ExportTraceServiceRequest
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		again, err := c.post(ctx, body)
		if err == nil || !again || try == maxTries {
			return err
		}
		select {
		case <-time.After(time.Duration(try) * time.Second):
		case <-ctx.Done():
			return err
		}
	}
}

// post tries once. again says that another try may succeed.
func (c *collector) post(ctx context.Context, body []byte) (again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	r.Header = c.header.Clone()
	answer, err := c.client.Do(r)
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer)) // so that the connection serves again
	if answer.StatusCode/100 == 2 {
		return false, nil
	}
	busy := []int{http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}
	return slices.Contains(busy, answer.StatusCode), fmt.Errorf("%s answers %s", r.URL.Redacted(), answer.Status)
}
