package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"syscall"
	"time"
)

// longestAnswer is how many bytes of an answer's body are read, so that the connection can be used
// again.
const longestAnswer = 64 << 10

// statusError is an answer whose status is not 2xx.
type statusError struct {
	code  int
	after time.Duration // that the receiver asks for
}

func (e *statusError) Error() string {
	return fmt.Sprintf("status %d %s", e.code, http.StatusText(e.code))
}

// final says that the receiver would refuse this event again.
func (e *statusError) final() bool {
	return e.code == http.StatusBadRequest || e.code == http.StatusRequestEntityTooLarge ||
		e.code == http.StatusUnprocessableEntity
}

// newClient returns a client that connects to the URL itself alone. It follows no redirection, uses
// no proxy, and checks each address that a name resolves to.
func newClient(cfg Config) *http.Client {
	dialer := net.Dialer{Timeout: cfg.Timeout, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return cfg.permit(to.Addr())
	}}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    cfg.Timeout,
			IdleConnTimeout:        time.Minute,
			MaxIdleConnsPerHost:    1,
			MaxResponseHeaderBytes: longestAnswer,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends an event once. No error has the URL in it.
func post(ctx context.Context, client *http.Client, cfg Config, target string, body []byte) error {
	var e struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return bare(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "tilemix")
	if err := sign(request.Header, cfg.Secret, e.ID, time.Now(), body); err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return bare(err)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, longestAnswer)
	if response.StatusCode/100 == 2 {
		return nil
	}
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
	return &statusError{response.StatusCode, time.Duration(max(seconds, 0)) * time.Second}
}

// bare removes the URL from an error.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
