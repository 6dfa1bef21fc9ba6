package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// session is one of WHIP or WHEP (RFC 9725).
type session struct {
	http     *http.Client
	target   string
	resource string
}

func newSession(client *http.Client, server, room, name string, viewer bool) *session {
	protocol := "whip"
	if viewer {
		protocol = "whep"
	}
	return &session{http: client, target: server + "/" + protocol + "/" + room + "?name=" + url.QueryEscape(name)}
}

var errRefused = errors.New("refused")

// exchange sends an offer and returns the answer.
func (s *session) exchange(ctx context.Context, offer string) (string, error) {
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
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("%w: %s: %.200s", errRefused, resp.Status, body)
	}
	if location, err := resp.Location(); err == nil {
		s.resource = location.String()
	}
	return string(body), nil
}

// end ends the session, as far as the server still knows it.
func (s *session) end(ctx context.Context) {
	if s.resource == "" {
		return
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodDelete, s.resource, nil)
	if err != nil {
		return
	}
	if resp, err := s.http.Do(req); err == nil {
		_ = resp.Body.Close()
	}
}
