package certs

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
)

// locator completes the answers of authorities that finish an order later and do not say where it
// is then. RFC 8555 §7.4 does not ask them to, and package acme needs it.
type locator struct {
	next http.RoundTripper

	mu     sync.Mutex
	orders map[string]string // address of each order, by that of its finalization
}

// maxAnswer bounds the answer of an authority, in bytes.
const maxAnswer = 1 << 20

// RoundTrip implements http.RoundTripper.
func (l *locator) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := l.next.RoundTrip(r)
	if err != nil || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
		return answer, err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	_ = answer.Body.Close()
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	var order struct {
		Finalize string `json:"finalize"`
	}
	if json.Unmarshal(body, &order) != nil || order.Finalize == "" {
		return answer, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if at := answer.Header.Get("Location"); at != "" {
		l.orders[order.Finalize] = at
	} else if at := l.orders[order.Finalize]; at != "" {
		answer.Header.Set("Location", at)
	}
	if order.Finalize == r.URL.String() {
		delete(l.orders, order.Finalize)
	}
	return answer, nil
}
