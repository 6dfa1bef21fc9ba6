// Package whip is the client's side of WHIP (RFC 9725) and WHEP: one HTTP request begins a session,
// another ends it.
package whip

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// maxAnswer bounds what is read of an answer, in bytes.
	maxAnswer = 1 << 20
	// maxReason bounds [Refusal.Reason], in bytes.
	maxReason = 8 << 10
)

// Target says where a session begins, and with what.
type Target struct {
	URL    string      // of the endpoint; userinfo is sent as Basic authentication
	Token  string      // bearer token (RFC 9725 §4.7); "": none
	Header http.Header // further headers of the first request; may be nil
}

// Room returns the target of a room on a tilemix server, such as https://example.org. A viewer uses
// WHEP, because it sends nothing.
func Room(server, room, name string, viewer bool) Target {
	protocol := "whip"
	if viewer {
		protocol = "whep"
	}
	return Target{URL: strings.TrimRight(server, "/") + "/" + protocol + "/" + url.PathEscape(room) + "?name=" + url.QueryEscape(name)}
}

// Session is one session of WHIP or WHEP. It belongs to one goroutine. No error of its methods has
// the target's URL in it, which may hold a key.
type Session struct {
	http     *http.Client
	target   Target
	resource *url.URL // of the session; nil: it has not begun, or has ended
	again    string
}

// New returns a session that has not begun. The client stays the caller's.
func New(client *http.Client, t Target) *Session { return &Session{http: client, target: t} }

// Refusal is the error for an answer that is not 201.
type Refusal struct {
	Status     int           // of HTTP
	Reason     string        // the text of the server, of any length up to 8 KiB
	RetryAfter time.Duration // 0 if the server does not say
}

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("the WHIP server refuses: %d %s: %s", r.Status, http.StatusText(r.Status), r.Reason)
}

// Permanent says that the same request will be refused again.
func (r *Refusal) Permanent() bool {
	return r.Status >= 400 && r.Status < 500 && r.Status != http.StatusRequestTimeout && r.Status != http.StatusTooManyRequests
}

// Exchange sends an offer and returns the answer. If the server refuses, the error is a [*Refusal].
func (s *Session) Exchange(ctx context.Context, offer string) (string, error) {
	target, err := url.Parse(s.target.URL)
	if err != nil {
		return "", errors.New("the address of the WHIP server is not a URL")
	}
	resp, err := s.do(ctx, http.MethodPost, target, offer)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return "", fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode != http.StatusCreated {
		return "", refusal(resp, body)
	}
	if location, err := resp.Location(); err == nil {
		s.resource = location
	}
	if m := relResume.FindStringSubmatch(strings.Join(resp.Header.Values("Link"), ",")); m != nil {
		if again, err := target.Parse(m[1]); err == nil && again.Host == target.Host {
			s.again = again.String()
		}
	}
	return string(body), nil
}

// relResume finds the link by which a client of tilemix comes back.
var relResume = regexp.MustCompile(`<([^<>]+)>; rel="urn:tilemix:resume"`)

// Again returns the secret address of an endpoint by which a client whose connection broke comes back
// as the participant that it was. It works once. "": there is none, or the session has ended.
func (s *Session) Again() string { return s.again }

// refusal reads the reason from {"error":"…"}. Without one it takes the beginning of the body.
func refusal(resp *http.Response, body []byte) *Refusal {
	r := &Refusal{Status: resp.StatusCode}
	var said struct {
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &said) == nil && said.Error != "" {
		body = []byte(said.Error)
	}
	if len(body) > maxReason { // in whole lines, because half a key is not recognised as one
		body = body[:bytes.LastIndexByte(body[:maxReason], '\n')+1]
	}
	r.Reason = strings.TrimSpace(string(body))
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		r.RetryAfter = time.Duration(seconds) * time.Second
	}
	return r
}

// End ends the session if it has begun. If the server was not reached, a later End tries again.
func (s *Session) End(ctx context.Context) {
	if s.resource == nil {
		return
	}
	s.again = ""
	if resp, err := s.do(ctx, http.MethodDelete, s.resource, ""); err == nil {
		_ = resp.Body.Close()
		s.resource = nil
	}
}

// Gone asks the server whether the session is no more there, as after a restart of the server. It is also true
// if nothing takes connections at the server's address. A server that does not answer within ctx may have it.
func (s *Session) Gone(ctx context.Context) bool {
	if s.resource == nil {
		return false
	}
	resp, err := s.do(ctx, http.MethodPatch, s.resource, "a=end-of-candidates\r\n") // which all are known already
	if err != nil {
		return errors.Is(err, syscall.ECONNREFUSED)
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone
}

// do sends a request. Another host than the target's, as a server may name in its Location, does
// not get the token.
func (s *Session) do(ctx context.Context, method string, to *url.URL, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, to.String(), strings.NewReader(body))
	if err != nil {
		return nil, errors.New("the WHIP server cannot be reached by this address")
	}
	if body != "" {
		maps.Copy(req.Header, s.target.Header)
		req.Header.Set("Content-Type", "application/sdp")
	}
	if method == http.MethodPatch {
		req.Header.Set("Content-Type", "application/trickle-ice-sdpfrag")
		req.Header.Set("If-Match", "*")
	}
	if home, err := url.Parse(s.target.URL); err == nil && s.target.Token != "" && home.Scheme == to.Scheme && home.Host == to.Host {
		req.Header.Set("Authorization", "Bearer "+s.target.Token)
	}
	resp, err := s.http.Do(req)
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // without the address
	}
	return resp, err
}
