package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"tilemix/codec/h264"
	"tilemix/mcu/event"
	"tilemix/mcu/rtc/rtctest"
)

// tellTale is a run of the program that has secrets, and what leaves it.
type tellTale struct {
	t       *testing.T
	url     string
	secrets map[string]string // what they are of, by secret
	key     string
}

// TestSecretsStay has clients enter by a token, an invite, a key and a PIN, also by wrong ones, come
// back, play HLS, and be kicked, on a server that logs all. None of their secrets is in its log, its
// audit file, its other files, its webhooks or its metrics.
func TestSecretsStay(t *testing.T) {
	if err := h264.Open(""); err != nil {
		t.Fatal(err)
	}
	dir, hook := t.TempDir(), hear(t)
	signing := strings.Repeat("signing-secret-", 4)
	keyFile := filepath.Join(t.TempDir(), "token.key")
	if err := os.WriteFile(keyFile, []byte(signing), 0o600); err != nil {
		t.Fatal(err)
	}
	made, err := exec.CommandContext(t.Context(), "tilemix", "key", "add", "ops", "--data-dir", dir, "--scope", "rooms:read",
		"--scope", "rooms:write", "--scope", "moderate", "--scope", "record", "--scope", "metrics", "--scope", "join").Output()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TILEMIX_WEBHOOK_SECRET", webhookSecret)
	log := filepath.Join(t.TempDir(), "log")
	server := exec.Command("tilemix", "serve", "--listen", "127.0.0.1:0", "--log-level", "debug", "--data-dir", dir,
		"--token-key", keyFile, "--allow-private-outputs", "--webhook", hook.URL+"/in?key=hidden-in-url", "--hls")
	file, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	server.Stderr = file
	stdout := started(t, server)
	end := func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
	}
	t.Cleanup(end)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s := &tellTale{
		t: t, url: strings.TrimPrefix(strings.TrimSpace(line), "tilemix serves on "), key: strings.TrimSpace(string(made)),
		secrets: map[string]string{signing: "tokens", webhookSecret: "webhooks", "hidden-in-url": "a webhook's URL"},
	}
	s.secrets[s.key] = "a key"
	s.enter(signing)

	metrics := s.ask(http.MethodGet, "/metrics", "", s.key, http.StatusOK)
	events := s.await(hook)
	end()
	s.look("the metrics", metrics)
	s.look("webhooks", events)
	said, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	s.look("the log", string(said))
	if n := strings.Count(string(said), "msg=request"); n < 15 {
		t.Errorf("the log has %d requests only", n)
	}
	s.files(dir)
}

// enter has clients come by all ways.
func (s *tellTale) enter(signing string) {
	const pin, wrong = "804713962551", "917462053318"
	s.secrets[pin], s.secrets[wrong] = "a PIN", "a wrong PIN"
	s.ask(http.MethodPut, "/api/v1/rooms/demo/rules", `{"title":"Exam","pins":{"participant":"`+pin+`"}}`, s.key, http.StatusOK)

	token := s.token(signing, time.Now().Add(time.Hour))
	old := s.token(signing, time.Now().Add(-time.Hour))
	invite := s.invite()
	guess := "tmi_" + strings.Repeat("guess", 5)
	s.secrets[token], s.secrets[old], s.secrets[guess] = "a token", "an old token", "a guess"

	for _, c := range []struct{ name, secret, pin string }{{"Ada", token, ""}, {"Ben", invite, ""}, {"Bot", s.key, ""}, {"Cid", "", pin}} {
		s.publish(c.name, c.secret, c.pin, http.StatusCreated)
	}
	s.publish("Eve", old, "", http.StatusUnauthorized)
	s.publish("Eve", guess, "", http.StatusUnauthorized)
	s.publish("Eve", "", wrong, http.StatusUnauthorized)

	id, resume := s.connect("Dan", "bearer."+token)
	s.secrets[resume] = "a resume token"
	for _, secret := range []string{token, invite, s.key} {
		s.ask(http.MethodGet, "/hls/demo/t/"+secret+"/index.m3u8", "", "", http.StatusOK)
	}
	s.ask(http.MethodGet, "/hls/demo/t/"+guess+"/index.m3u8", "", "", http.StatusUnauthorized)
	s.ask(http.MethodGet, "/ws/demo?resume="+resume, "", "", http.StatusUpgradeRequired)
	s.ask(http.MethodDelete, "/api/v1/rooms/demo/participants/"+id, `{"reason":"noise"}`, s.key, http.StatusNoContent)
	s.ask(http.MethodGet, "/nowhere?token="+url.QueryEscape(token), "", "", http.StatusNotFound)
}

// token returns a token that ends at a time.
func (s *tellTale) token(signing string, exp time.Time) string {
	s.t.Helper()
	claims := jwt.MapClaims{"sub": "ada", "room": "demo", "role": "host", "exp": exp.Unix()}
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(signing))
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// invite makes an invite and returns its secret.
func (s *tellTale) invite() string {
	s.t.Helper()
	var made struct{ Secret string }
	body := s.ask(http.MethodPost, "/api/v1/rooms/demo/invites", `{"uses":5}`, s.key, http.StatusCreated)
	if err := json.Unmarshal([]byte(body), &made); err != nil || made.Secret == "" {
		s.t.Fatalf("%s: %v", body, err)
	}
	s.secrets[made.Secret] = "an invite"
	return made.Secret
}

// publish joins by WHIP. The addresses that the server answers with are secrets too.
func (s *tellTale) publish(name, secret, pin string, want int) {
	s.t.Helper()
	client := rtctest.New(s.t, rtctest.Options{})
	offer, err := client.Offer(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	r := s.request(http.MethodPost, "/whip/demo?name="+name, offer, secret)
	r.Header.Set("Content-Type", "application/sdp")
	if pin != "" {
		r.Header.Set("Tilemix-Pin", pin)
	}
	h, answer := s.do(r, want)
	if want != http.StatusCreated {
		return
	}
	s.secrets[filepath.Base(h.Get("Location"))] = "a WHIP session"
	for _, link := range h.Values("Link") {
		if _, value, ok := strings.Cut(link, "resume="); ok {
			value, _, _ = strings.Cut(value, ">")
			s.secrets[value] = "a WHIP session's way back"
		}
	}
	if err := client.Answer(s.t.Context(), answer); err != nil {
		s.t.Fatal(err)
	}
}

// connect opens a WebSocket that brings a secret, and gives it a connection.
func (s *tellTale) connect(name, secret string) (id, resume string) {
	s.t.Helper()
	//nolint:bodyclose // Dial has closed it
	conn, _, err := websocket.Dial(s.t.Context(), s.url+"/ws/demo?name="+name, &websocket.DialOptions{Subprotocols: []string{"tilemix", secret}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.CloseNow() })
	var m struct{ Type, ID, Resume, SDP string }
	await := func(kind string) {
		for m.Type != kind {
			_, data, err := conn.Read(s.t.Context())
			if err == nil {
				err = json.Unmarshal(data, &m)
			}
			if err != nil {
				s.t.Fatal(err)
			}
		}
	}
	await("welcome")
	id, resume = m.ID, m.Resume
	client := rtctest.New(s.t, rtctest.Options{})
	offer, err := client.Offer(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	data, _ := json.Marshal(map[string]string{"type": "offer", "sdp": offer})
	if err := conn.Write(s.t.Context(), websocket.MessageText, data); err != nil {
		s.t.Fatal(err)
	}
	await("answer")
	if err := client.Answer(s.t.Context(), m.SDP); err != nil {
		s.t.Fatal(err)
	}
	await("participants")
	return id, resume
}

func (s *tellTale) ask(method, path, body, secret string, want int) string {
	s.t.Helper()
	r := s.request(method, path, body, secret)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	h, answer := s.do(r, want)
	if policy := h.Get("Referrer-Policy"); policy != "no-referrer" {
		s.t.Errorf("%s may tell its address to others: %q", path, policy)
	}
	return answer
}

func (s *tellTale) request(method, path, body, secret string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	return r
}

func (s *tellTale) do(r *http.Request, want int) (http.Header, string) {
	s.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var body strings.Builder
	if _, err := bufio.NewReader(answer.Body).WriteTo(&body); err != nil {
		s.t.Fatal(err)
	}
	if answer.StatusCode != want {
		s.t.Fatalf("%s %s: %s %s, want %d", r.Method, r.URL.Path, answer.Status, body.String(), want)
	}
	return answer.Header, body.String()
}

// await returns the events of a webhook up to the first that has left.
func (s *tellTale) await(hook *hearer) string {
	s.t.Helper()
	var all strings.Builder
	for joined := 0; ; {
		select {
		case e := <-hook.told:
			data, err := json.Marshal(e)
			if err != nil {
				s.t.Fatal(err)
			}
			all.Write(data)
			if e.Type == event.ParticipantJoined {
				joined++
			}
			if e.Type == event.ParticipantLeft && joined > 0 {
				return all.String()
			}
		case <-time.After(rtctest.Patience):
			s.t.Fatalf("nobody has left: %s", all.String())
		}
	}
}

// files looks into all files of a folder. The audit file has what happened.
func (s *tellTale) files(dir string) {
	s.t.Helper()
	seen := map[string]int{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		s.look(path, string(data))
		seen[filepath.Base(path)] = strings.Count(string(data), "\n")
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Fatal(err)
	}
	if seen["audit.jsonl"] < 8 || seen["demo.json"] == 0 {
		s.t.Errorf("lines of files: %v", seen)
	}
}

// look fails the test if a text has a secret.
func (s *tellTale) look(what, text string) {
	s.t.Helper()
	for secret, of := range s.secrets {
		if secret == "" || len(secret) < 8 {
			s.t.Errorf("the secret of %s is %q", of, secret)
		}
		if at := strings.Index(text, secret); at >= 0 {
			s.t.Errorf("%s has the secret of %s: …%.200s", what, of, text[max(0, at-80):])
		}
	}
}
