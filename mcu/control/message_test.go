package control_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"tilemix/mcu/control"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, fault string }{
		{`{"type":"offer","sdp":"v=0"}`, ""},
		{`{"type":"candidate","candidate":{"candidate":""}}`, ""},
		{`{"type":"mute","audioMuted":true,"videoMuted":false}`, ""},
		{`{"type":"chat","text":"héllo"}`, ""},
		{`{"type":"layout","name":"speaker"}`, ""},
		{`{"type":"alive"}`, ""},
		{`{"type":"hand","raised":true}`, ""},
		{`{"type":"set","id":"a","audio":{"muted":true}}`, ""},
		{`{"type":"set","audio":{"muted":true}}`, "id or select is missing"},
		{`{"type":"set","id":"a","select":"all"}`, "exclude each other"},
		{`{"type":"set","id":"a","audio":{"muted":false}}`, "muted can only be true"},
		{`{"type":"kick","id":"a","ban":false}`, ""},
		{`{"type":"kick","id":"a","ban":{"seconds":60,"address":true}}`, ""},
		{`{"type":"kick","id":"a","ban":{"seconds":-1}}`, "below 0"},
		{`{"type":"kick","ban":1}`, "wrong type"},
		{`{"type":"ask","id":"a"}`, "is missing"},
		{`{"type":"move","id":"a"}`, "room is missing"},
		{`{"type":"lock","locked":true}`, ""},
		{`{"type":"end"}`, ""},
		{`{"type":"message"}`, "text is missing"},
		{`{"type":"alive","newer":1}`, ""},
		{`{"type":"mute","audioMuted":true}`, "videoMuted is missing"},
		{`{"type":"mute","videoMuted":true}`, "audioMuted is missing"},
		{`{"type":"mute","audioMuted":"yes","videoMuted":true}`, "audioMuted has the wrong type: string"},
		{`{"type":"candidate"}`, "candidate is missing"},
		{`{"type":"candidate","candidate":{"sdpMid":1}}`, "candidate.sdpMid has the wrong type: number"},
		{`{"type":"offer"}`, "sdp is missing"},
		{`{"type":"answer"}`, "sdp is missing"},
		{`{"type":"layout"}`, "name is missing"},
		{`{"type":"chat"}`, "text or file is missing"},
		{`{"type":"chat","file":"a"}`, ""},
		{`{"type":"chat","text":"a","to":"b"}`, ""},
		{`{"type":"history","kept":true}`, ""},
		{`{"type":"receive","maxBitrate":300000}`, ""},
		{`{"type":"receive","maxBitrate":1}`, "at least 64000"},
		{`{"type":"name"}`, "name is missing"},
		{`{"type":"chat","text":"` + strings.Repeat("x", control.MaxChat+1) + `"}`, "text is longer than 2000 bytes"},
		{`{"type":"welcome","id":"x"}`, `type "welcome" is unknown`},
		{`{}`, "type is missing"},
		{`null`, "type is missing"},
		{`[]`, "not a JSON object but array"},
		{`{"type":1}`, "type has the wrong type: number"},
		{`{"type":x}`, "not JSON after byte 9"},
		{``, "unexpected end"},
	} {
		_, err := control.Parse([]byte(c.in))
		switch {
		case c.fault == "" && err != nil:
			t.Errorf("%s: %v", c.in, err)
		case c.fault != "" && (!errors.Is(err, control.ErrInvalid) || !strings.Contains(err.Error(), c.fault)):
			t.Errorf("%s: got %v, want %q", c.in, err, c.fault)
		}
	}
}

// TestOldNames reads and writes the names that clients of the release before use.
func TestOldNames(t *testing.T) {
	for in, want := range map[string]control.Mute{
		`{"type":"mute","audio":true,"video":false}`:                        {AudioMuted: true},
		`{"type":"mute","audio":false,"videoMuted":true}`:                   {VideoMuted: true},
		`{"type":"mute","audio":true,"audioMuted":false,"videoMuted":true}`: {VideoMuted: true},
	} {
		if m, err := control.Parse([]byte(in)); err != nil || m != want {
			t.Errorf("%s: got %+v, %v", in, m, err)
		}
	}
	if _, err := control.Parse([]byte(`{"type":"mute","audio":"yes","video":true}`)); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("a string for a bool: %v", err)
	}
	data, err := control.Encode(control.Participants{Participants: []control.Person{{ID: "a", AudioMuted: true, Audio: true}}})
	want := `{"type":"participants","participants":[` +
		`{"id":"a","name":"","audioMuted":true,"videoMuted":false,"speaking":false,"audio":true,"video":false}]}`
	if err != nil || string(data) != want {
		t.Errorf("got %s, %v", data, err)
	}
}

// TestShare: what is shared is encoded once, to the same JSON.
func TestShare(t *testing.T) {
	plain := control.Participants{Participants: []control.Person{{ID: "a"}}}
	want, err := control.Encode(plain)
	if err != nil {
		t.Fatal(err)
	}
	shared := control.Share(plain)
	first, _ := control.Encode(shared)
	second, _ := control.Encode(shared)
	if string(first) != string(want) || &first[0] != &second[0] || shared.Type() != plain.Type() {
		t.Errorf("got %s, not %s, or encoded it twice", first, want)
	}
}

// TestWire pins the JSON of each message of the server.
func TestWire(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		m    control.Message
		want string
	}{
		{control.Moved{Room: "r"}, `{"type":"moved","room":"r"}`},
		{control.Waiting{Position: 2}, `{"type":"waiting","position":2}`},
		{control.Admitted{Room: "r"}, `{"type":"admitted","room":"r"}`},
		{control.Rejected{Reason: "no"}, `{"type":"rejected","reason":"no"}`},
		{control.Welcome{ID: "a", Name: "Ada", Room: "r"}, `{"type":"welcome","id":"a","name":"Ada","room":"r"}`},
		{
			control.Welcome{ICEServers: []control.ICEServer{{URLs: []string{"stun:x"}}}, Resume: "s", ID: "a", Name: "A", Room: "r"},
			`{"type":"welcome","iceServers":[{"urls":["stun:x"]}],"resume":"s","id":"a","name":"A","room":"r"}`,
		},
		{control.Answer{SDP: "v=0"}, `{"type":"answer","sdp":"v=0"}`},
		{control.Participants{Participants: []control.Person{}}, `{"type":"participants","participants":[]}`},
		{control.Speaking{IDs: []string{"a"}}, `{"type":"speaking","ids":["a"]}`},
		{
			control.Layout{Name: "grid", Width: 4, Height: 2, Tiles: []control.Tile{{ID: "a", Width: 4, Height: 2}}, Hidden: 1},
			`{"type":"layout","name":"grid","width":4,"height":2,"tiles":[{"id":"a","x":0,"y":0,"width":4,"height":2}],"hidden":1}`,
		},
		{control.Uplink{}, `{"type":"uplink","active":false}`},
		{
			control.Rendition{Width: 4, Height: 2, MaxFramerate: 30, MaxBitrate: 9, Active: true},
			`{"type":"rendition","width":4,"height":2,"maxFramerate":30,"maxBitrate":9,"active":true}`,
		},
		{control.Recordings{Recordings: []control.Recording{{ID: "x", State: "failed", Reason: "disk"}}}, `{"type":"recordings","recordings":[{"id":"x","state":"failed","reason":"disk"}]}`},
		{control.Broadcast{}, `{"type":"broadcast","active":false}`},
		{control.Chat{ID: "a", Name: "A", Text: "t", Time: at}, `{"type":"chat","id":"a","name":"A","text":"t","time":"2026-01-02T03:04:05Z"}`},
		{control.Alive{}, `{"type":"alive"}`},
		{control.Standing{Role: "viewer", Rights: []string{"watch"}}, `{"type":"standing","role":"viewer","rights":["watch"]}`},
		{control.Muted{By: "Ada", AudioMuted: true, AudioLocked: true}, `{"type":"muted","by":"Ada","audioMuted":true,"videoMuted":false,"audioLocked":true}`},
		{control.Asked{By: "Ada", Video: true}, `{"type":"asked","by":"Ada","video":true}`},
		{control.RoomState{Title: "T", Locked: true, Waiting: 2}, `{"type":"room","title":"T","locked":true,"waiting":2}`},
		{control.Announcement{By: "Ada", Text: "t"}, `{"type":"message","by":"Ada","text":"t"}`},
		{control.Removed{Code: "banned", Reason: "r", Until: at}, `{"type":"removed","code":"banned","reason":"r","until":"2026-01-02T03:04:05Z"}`},
		{control.Relocate{URL: "https://b.test", From: "https://a.test", ClosesIn: 30}, `{"type":"relocate","url":"https://b.test","from":"https://a.test","closesIn":30}`},
		{control.Removed{Code: "ended"}, `{"type":"removed","code":"ended"}`},
		{control.Error{Error: "no"}, `{"type":"error","error":"no"}`},
	} {
		data, err := control.Encode(c.m)
		if err != nil || string(data) != c.want {
			t.Errorf("got %s, %v, want %s", data, err, c.want)
		}
		if m, err := control.Decode(data); err != nil || !reflect.DeepEqual(m, c.m) {
			t.Errorf("%s: decoded as %#v, %v", data, m, err)
		}
	}
	if _, err := control.Decode([]byte(`{"type":"newer"}`)); !errors.Is(err, control.ErrInvalid) {
		t.Errorf("a type of a newer server: %v", err)
	}
}

// TestTables says that each list of messages has each type once and is the caller's.
func TestTables(t *testing.T) {
	for _, list := range []func() []control.Message{control.FromClient, control.FromServer} {
		seen := map[string]bool{}
		for _, m := range list() {
			if seen[m.Type()] {
				t.Errorf("%q stands for two structs", m.Type())
			}
			seen[m.Type()] = true
		}
		list()[0] = nil
		if list()[0] == nil {
			t.Error("a caller changed the table")
		}
	}
}

// FuzzParse reads what any client may send: errors are ErrInvalid, and a message that
// was accepted is the same after another trip.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		`{"type":"offer","sdp":"v=0"}`, `{"type":"candidate","candidate":{}}`,
		`{"type":"candidate","candidate":{"candidate":"","sdpMid":"0"}}`, `{"type":"chat","text":"\u0000"}`,
		`{"type":"mute","audio":true,"video":false}`, `{"type":"mute","audioMuted":true,"videoMuted":false}`,
		`{"type":"layout","name":"grid"}`, `{"type":"alive"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := control.Parse(data)
		if err != nil {
			if !errors.Is(err, control.ErrInvalid) {
				t.Errorf("error %v is not ErrInvalid", err)
			}
			return
		}
		again, err := control.Encode(m)
		if err != nil || !json.Valid(again) {
			t.Fatalf("%s became %s: %v", data, again, err)
		}
		if back, err := control.Parse(again); err != nil || !reflect.DeepEqual(back, m) {
			t.Errorf("%s became %s: %v", data, again, err)
		}
	})
}
