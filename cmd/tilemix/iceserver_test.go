package main

import (
	"log/slog"
	"strings"
	"testing"
)

func TestICEServer(t *testing.T) {
	tests := []struct {
		text string
		want iceServer // zero: an error
	}{
		{"stun:stun.example.org", iceServer{URL: "stun:stun.example.org"}},
		{"stun:192.0.2.1:3478", iceServer{URL: "stun:192.0.2.1:3478"}},
		{"stuns:[2001:db8::1]:5349", iceServer{URL: "stuns:[2001:db8::1]:5349"}},
		{"turn:ada:secret@turn.example.org", iceServer{URL: "turn:turn.example.org", Username: "ada", Password: "secret"}},
		{"turn:ada:secret@[::1]:3478?transport=tcp", iceServer{URL: "turn:[::1]:3478?transport=tcp", Username: "ada", Password: "secret"}},
		{"turns:17:a%2Cb%40c%3A@turn:443", iceServer{URL: "turns:turn:443", Username: "17", Password: "a,b@c:"}},
		{"turn:secret=s3:cret@turn", iceServer{URL: "turn:turn", Username: "secret=s3", Password: "cret"}},
		{"turn:secret=north%2Fx%3D@turn.example.org:3478", iceServer{URL: "turn:turn.example.org:3478", Secret: "north/x="}},
		{"turns:secret=abc==@[::1]:443?transport=tcp", iceServer{URL: "turns:[::1]:443?transport=tcp", Secret: "abc=="}},
		{"", iceServer{}},
		{"stun:", iceServer{}},
		{"stun.example.org:3478", iceServer{}},
		{"https://stun.example.org", iceServer{}},
		{"stun://stun.example.org", iceServer{}},
		{"stun:host:port", iceServer{}},
		{"stun:host:99999", iceServer{}},
		{"stun:host/path", iceServer{}},
		{"stun:ada:secret@host", iceServer{}},
		{"turn:host", iceServer{}},
		{"turn:ada@host", iceServer{}},
		{"turn:ada:secret@", iceServer{}},
		{"turn:secret=@host", iceServer{}},
		{"turn:secret=north/x@host", iceServer{}},
		{"stun:secret=abc@host", iceServer{}},
	}
	for _, test := range tests {
		var got iceServer
		err := got.UnmarshalText([]byte(test.text))
		if got != test.want || (err == nil) != (test.want != iceServer{}) {
			t.Errorf("%q: got %+v, %v, want %+v", test.text, got, err, test.want)
		}
	}
}

// TestWarnOfPasswords: a password that every visitor gets is in the log as a warning, with its server, and not the password.
func TestWarnOfPasswords(t *testing.T) {
	var log strings.Builder
	warnOfPasswords([]iceServer{{URL: "turn:a", Username: "u", Password: "hidden"}, {URL: "turn:b", Secret: "s"}, {URL: "stun:c"}}, slog.New(slog.NewTextHandler(&log, nil)))
	if text := log.String(); strings.Count(text, "every visitor gets") != 1 || !strings.Contains(text, "server=turn:a") || strings.Contains(text, "hidden") {
		t.Errorf("the log is %s", text)
	}
}
