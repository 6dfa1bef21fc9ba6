package seal

import (
	"bytes"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func key(t *testing.T, secret string) *Key {
	t.Helper()
	k, err := New([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

const secret = "0123456789abcdef0123456789abcdef"

// TestMessages: a message is opened by nodes with the same key, for its own subject, as it was sealed.
func TestMessages(t *testing.T) {
	a, b, other := key(t, secret), key(t, "\n"+secret+" \r\n"), key(t, secret+"x")
	message := a.Seal("tm.beat", []byte("hello"))
	if got, err := b.Open("tm.beat", message); err != nil || string(got) != "hello" {
		t.Errorf("opened: %q, %v", got, err)
	}
	if bytes.Contains(message, []byte("hello")) {
		t.Error("a message can be read without the key")
	}
	if bytes.Equal(message, a.Seal("tm.beat", []byte("hello"))) {
		t.Error("equal messages look equal")
	}
	for what, open := range map[string]func() ([]byte, error){
		"other key":     func() ([]byte, error) { return other.Open("tm.beat", message) },
		"other subject": func() ([]byte, error) { return a.Open("tm.rooms", message) },
		"changed":       func() ([]byte, error) { return a.Open("tm.beat", append(bytes.Clone(message), 0)) },
		"short":         func() ([]byte, error) { return a.Open("tm.beat", message[:3]) },
		"empty":         func() ([]byte, error) { return a.Open("tm.beat", nil) },
	} {
		if got, err := open(); !errors.Is(err, ErrForeign) {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	if a.Password() != b.Password() || a.Password() == other.Password() || len(a.Password()) != 64 {
		t.Error("the password of routes does not follow the key")
	}
}

// FuzzOpen: what a stranger sends is refused, whatever it is.
func FuzzOpen(f *testing.F) {
	k, err := New([]byte(secret))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte("short"))
	f.Add(k.Seal("other", []byte("x")))
	f.Fuzz(func(t *testing.T, message []byte) {
		if _, err := k.Open("tm.beat", message); !errors.Is(err, ErrForeign) {
			t.Errorf("opened %q", message)
		}
	})
}

// TestLoad: a key file has enough bytes.
func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if _, err := Load(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	for text, want := range map[string]error{secret + "\n": nil, strings.Repeat(" ", 40): ErrKey, "short": ErrKey} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

// TestTLS: two processes with one key connect, also with clocks hours apart. Without the key nobody
// connects, in either direction.
func TestTLS(t *testing.T) {
	config := func(secret string, at time.Time) *tls.Config {
		c, err := key(t, secret).TLS(at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	now := time.Now()
	home := config(secret, now)
	stranger := &tls.Config{InsecureSkipVerify: true}
	for _, test := range []struct {
		name           string
		server, client *tls.Config
		well           bool
	}{
		{"one key", home, config(secret, now.Add(20*time.Hour)), true},
		{"other key", home, config(secret+"x", now), false},
		{"no certificate", home, stranger, false},
		{"a stranger serves", config(secret+"x", now), home, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			listener, err := tls.Listen("tcp", "127.0.0.1:0", test.server)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			answer := make(chan error, 1)
			go func() {
				far, err := listener.Accept()
				if err == nil {
					defer far.Close()
					err = far.(*tls.Conn).Handshake()
				}
				answer <- err
			}()
			client, err := tls.Dial("tcp", listener.Addr().String(), test.client)
			if err == nil {
				defer client.Close()
			}
			if err = errors.Join(err, <-answer); (err == nil) != test.well {
				t.Errorf("connected: %v", err)
			}
		})
	}
}
