// Package whip is a client's side of WHIP (RFC 9725) and WHEP: one request joins,
// another leaves.
package whip

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds what is read of an answer, in bytes.
const maxBody = 1 << 20

// Session is one of WHIP or WHEP. It is not safe for concurrent use.
type Session struct {
	http     *http.Client
	target   string
	resource string
}

// New returns a session with a server, as https://example.org, that has not begun.
// viewer says that it is one of WHEP.
func New(client *http.Client, server, room, name string, viewer bool) *Session {
	protocol := "whip"
	if viewer {
		protocol = "whep"
	}
	target := strings.TrimRight(server, "/") + "/" + protocol + "/" + url.PathEscape(room) + "?name=" + url.QueryEscape(name)
	return &Session{http: client, target: target}
}

// Refusal is the error for an answer that is not 201.
type Refusal struct {
	Status     int           // of HTTP
	Reason     string        // as the server says it
	RetryAfter time.Duration // 0 where the server does not say
}

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("refused: %d %s: %s", r.Status, http.StatusText(r.Status), r.Reason)
}

// Permanent tells that asking again is in vain.
func (r *Refusal) Permanent() bool {
	return r.Status >= 400 && r.Status < 500 && r.Status != http.StatusRequestTimeout && r.Status != http.StatusTooManyRequests
}

// Exchange sends an offer and returns the answer, or a *Refusal.
func (s *Session) Exchange(ctx context.Context, offer string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.target, strings.NewReader(offer))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/sdp")
	resp, err := s.http.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusCreated {
		return "", refusal(resp, body)
	}
	if location, err := resp.Location(); err == nil {
		s.resource = location.String()
	}
	return string(body), nil
}

func refusal(resp *http.Response, body []byte) *Refusal {
	r := &Refusal{Status: resp.StatusCode, Reason: fmt.Sprintf("%.200s", body)}
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &said) == nil && said.Error != "" {
		r.Reason = said.Error
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.RetryAfter = time.Duration(seconds) * time.Second
	}
	return r
}

// End ends the session, as far as the server still knows it. Where the server was not
// reached a later End tries again.
func (s *Session) End(ctx context.Context) {
	if s.resource == "" {
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, s.resource, nil)
	if err != nil {
		return
	}
	if resp, err := s.http.Do(req); err == nil {
		_ = resp.Body.Close()
		s.resource = ""
	}
}
