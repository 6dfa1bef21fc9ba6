package main

import "testing"

func TestICEServer(t *testing.T) {
	tests := []struct {
		text string
		want iceServer // zero: an error
	}{
		{"stun:stun.example.org", iceServer{URL: "stun:stun.example.org"}},
		{"stun:192.0.2.1:3478", iceServer{URL: "stun:192.0.2.1:3478"}},
		{"stuns:[2001:db8::1]:5349", iceServer{URL: "stuns:[2001:db8::1]:5349"}},
		{"turn:ada:secret@turn.example.org", iceServer{"turn:turn.example.org", "ada", "secret"}},
		{"turn:ada:secret@[::1]:3478?transport=tcp", iceServer{"turn:[::1]:3478?transport=tcp", "ada", "secret"}},
		{"turns:17:a%2Cb%40c%3A@turn:443", iceServer{"turns:turn:443", "17", "a,b@c:"}},
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
	}
	for _, test := range tests {
		var got iceServer
		err := got.UnmarshalText([]byte(test.text))
		if got != test.want || (err == nil) != (test.want != iceServer{}) {
			t.Errorf("%q: got %+v, %v, want %+v", test.text, got, err, test.want)
		}
	}
}
