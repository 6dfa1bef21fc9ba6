package control_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tilemix/mcu/control"
	"tilemix/mcu/views"
)

// TestViews reads what a client may wish to see: a name, or the fields of a wish.
func TestViews(t *testing.T) {
	for in, want := range map[string]views.Wish{
		`{"type":"view"}`:                     {},
		`{"type":"view","name":"room"}`:       {},
		`{"type":"view","name":""}`:           {},
		`{"name":"speaker","type":"view"}`:    {Layout: "speaker"},
		`{"type":"view","name":"portrait"}`:   {Layout: "speaker", Canvas: "720x1280"},
		`{"type":"view","follow":"a"}`:        {Follow: "a"},
		`{"type":"view","pin":["a"],"fps":5}`: {},
		`{"type":"view","layout":"grid","pin":["a","b"],"hide":["c"],"hideWithoutVideo":"always","self":"leave-out","canvas":"640x360","fps":15}`: {
			Layout: "grid", Pin: []string{"a", "b"}, Hide: []string{"c"}, HideWithoutVideo: views.Always, Self: "leave-out", Canvas: "640x360", FPS: 15,
		},
	} {
		m, err := control.Parse([]byte(in))
		if strings.Contains(in, `"fps":5}`) {
			if !errors.Is(err, control.ErrInvalid) || !strings.Contains(err.Error(), "15 to 60") {
				t.Errorf("%s: %v", in, err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(m, control.View{Wish: want}) {
			t.Errorf("%s: got %+v, %v", in, m, err)
			continue
		}
		data, err := control.Encode(m)
		if again, bad := control.Parse(data); err != nil || bad != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%s became %s and %+v: %v, %v", in, data, again, err, bad)
		}
	}
}

// TestFaults says of each message what is wrong with it, in words of the protocol and not of a program.
func TestFaults(t *testing.T) {
	long, many := strings.Repeat("x", control.MaxReason+1), `["`+strings.Repeat(`a","`, control.MaxAdmit)+`a"]`
	for in, says := range map[string]string{
		`{"type":"view","size":3}`:                             `unknown field "size"`,
		`{"type":"view","name":"portrait","fps":15}`:           `unknown field "name"`,
		`{"type":"view","fps":"15"}`:                           "fps has the wrong type: string",
		`{"type":"view","name":3}`:                             "number",
		`{"type":"view","pin":"a"}`:                            "pin has the wrong type: string",
		`{"type":"view","canvas":"1x1"}`:                       "WIDTHxHEIGHT",
		`{"type":"view","follow":"<a>"}`:                       "neither an ID",
		`{"type":"set","id":"a","view":{"layouts":"grid"}}`:    `unknown field "layouts"`,
		`{"type":"set","id":"a","view":{"fps":1}}`:             "15 to 60",
		`{"type":"set","id":"a","video":{"muted":false}}`:      "muted can only be true",
		`{"type":"set","id":"a","title":"` + long + `"}`:       "title is longer",
		`{"type":"ask","audio":true}`:                          "id",
		`{"type":"kick","id":"a","reason":"` + long + `"}`:     "reason is longer",
		`{"type":"kick","id":"a","ban":{"seconds":"x"}}`:       "wrong type",
		`{"type":"kick"}`:                                      "id is missing",
		`{"type":"move","room":"r"}`:                           "id or room is missing",
		`{"type":"end","reason":"` + long + `"}`:               "reason is longer",
		`{"type":"admit"}`:                                     "ids or all is missing",
		`{"type":"admit","ids":[],"all":false}`:                "ids or all is missing",
		`{"type":"admit","ids":["a"],"all":true}`:              "exclude each other",
		`{"type":"admit","ids":` + many + `}`:                  "more than 100 ids",
		`{"type":"reject"}`:                                    "ids or all is missing",
		`{"type":"reject","all":true,"reason":"` + long + `"}`: "reason is longer",
		`{"type":"back"}`:                                      "id is missing",
		`{"type":"lowerThird"}`:                                "id is missing",
		`{"type":"reaction"}`:                                  "one of like",
		`{"type":"reaction","reaction":"Like"}`:                "one of like",
		`{"type":"overlays","banner":{"text":"` + long + `"}}`: "more than 200 characters",
		`{"type":"overlays","transition":{"ms":2001}}`:         "0 to 2000",
		`{"type":"overlays","transition":{"ms":-1}}`:           "0 to 2000",
		`{"type":"overlays","transition":{"ease":"fast"}}`:     "ease is one of",
		`{"type":"overlays","logo":{"size":"large"}}`:          "wrong type",
		`{"type":"message","text":"` + strings.Repeat(long, 4): "not JSON",
	} {
		m, err := control.Parse([]byte(in))
		if m != nil || !errors.Is(err, control.ErrInvalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.80s: got %v, %v, not %q", in, m, err, says)
		}
		if err != nil && (strings.Contains(err.Error(), "control.") || strings.Contains(err.Error(), "Go ")) {
			t.Errorf("%.80s: %v names a type of Go", in, err)
		}
	}
}

// TestLimits takes what is just as long as it may be.
func TestLimits(t *testing.T) {
	reason, name := strings.Repeat("x", control.MaxReason), strings.Repeat("é", control.MaxBanner)
	title, yes := strings.Repeat("x", control.MaxBanner), true
	ids := slices.Repeat([]string{"a"}, control.MaxAdmit)
	for _, m := range []control.Message{
		control.Kick{ID: "a", Reason: reason},
		control.End{Reason: reason},
		control.Reject{All: true, Reason: reason},
		control.Admit{IDs: ids},
		control.Reject{IDs: ids},
		control.Overlays{Banner: control.Banner{Text: name}},
		control.Set{ID: "a", Title: &title},
		control.Set{Select: "all", Audio: &control.SetMedia{Muted: &yes}},
		control.Set{Select: "hand", ViewLocked: &yes},
		control.Announce{Text: strings.Repeat("x", control.MaxChat)},
	} {
		data, err := control.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := control.Parse(data); err != nil || !reflect.DeepEqual(back, m) {
			t.Errorf("%.60s: %v", data, err)
		}
	}
	for name, glyph := range control.Reactions() {
		if err := control.Check(control.React{Reaction: name}); err != nil || glyph == "" {
			t.Errorf("%s, which is %q: %v", name, glyph, err)
		}
	}
}

// TestBan reads how long a participant is kept out. What is absent or null is a ban, so that no slip of
// a program lets a removed participant come back.
func TestBan(t *testing.T) {
	for in, want := range map[string]control.Ban{
		`{"type":"kick","id":"a"}`:                                       {},
		`{"type":"kick","id":"a","ban":null}`:                            {},
		`{"type":"kick","id":"a","ban":true}`:                            {},
		`{"type":"kick","id":"a","ban":{}}`:                              {},
		`{"type":"kick","id":"a","ban":false}`:                           {Not: true},
		`{"type":"kick","id":"a","ban":{"not":true}}`:                    {Not: true},
		`{"type":"kick","id":"a","ban":{"seconds":9,"address":true}}`:    {Seconds: 9, Address: true},
		`{"type":"kick","id":"a","ban":{"seconds":null,"address":null}}`: {},
	} {
		m, err := control.Parse([]byte(in))
		if kick, ok := m.(control.Kick); err != nil || !ok || kick.Ban != want {
			t.Errorf("%s: got %+v, %v", in, m, err)
		}
	}
}

// TestWhom names those whom a command is about, as the audit log has them.
func TestWhom(t *testing.T) {
	for _, c := range []struct {
		m    control.Message
		want string
	}{
		{control.Set{ID: "a"}, "a"},
		{control.Set{Select: "role:host"}, "role:host"},
		{control.Ask{ID: "a"}, "a"},
		{control.Kick{ID: "a"}, "a"},
		{control.Move{ID: "a", Room: "r"}, "a"},
		{control.LowerThird{ID: "a"}, "a"},
		{control.Back{ID: "a"}, "a"},
		{control.Admit{IDs: []string{"a", "b"}}, "a,b"},
		{control.Admit{All: true}, "all"},
		{control.Reject{IDs: []string{"a"}}, "a"},
		{control.Reject{All: true}, "all"},
		{control.Lock{Locked: true}, ""},
		{control.End{}, ""},
		{control.View{}, ""},
	} {
		if got := control.Whom(c.m); got != c.want {
			t.Errorf("%+v is about %q, not %q", c.m, got, c.want)
		}
	}
	// Each command that has an ID is about it.
	for _, m := range control.FromClient() {
		v := reflect.New(reflect.TypeOf(m)).Elem()
		if id := v.FieldByName("ID"); id.IsValid() && id.Kind() == reflect.String {
			id.SetString("x")
			if got := control.Whom(v.Interface().(control.Message)); got != "x" {
				t.Errorf("%s with an ID is about %q", m.Type(), got)
			}
		}
	}
}

// TestPlain tells a shared message by its type, and sends a message that cannot be written as it is.
func TestPlain(t *testing.T) {
	m := control.Speaking{IDs: []string{"a"}}
	if got := control.Plain(control.Share(m)); !reflect.DeepEqual(got, m) {
		t.Errorf("%T is shared as %T", m, got)
	}
	if got := control.Plain(m); !reflect.DeepEqual(got, m) {
		t.Errorf("%T is itself %T", m, got)
	}
	if _, err := control.Encode(control.Share(odd{})); err == nil {
		t.Error("a message that cannot be written is")
	}
}

// odd is a message that JSON has nothing for.
type odd struct{ F func() }

func (odd) Type() string { return "odd" }

// TestNewer has a client read what a newer server adds to each message, and the other way round.
func TestNewer(t *testing.T) {
	for _, m := range control.FromServer() {
		data, err := control.Encode(m)
		if err != nil {
			t.Fatal(err)
		}
		newer := append(data[:len(data)-1:len(data)-1], `,"newer":{"than":[1]}}`...)
		if back, err := control.Decode(newer); err != nil || back.Type() != m.Type() {
			t.Errorf("%s: %v", newer, err)
		}
	}
	for _, m := range control.FromClient() {
		if m.Type() == "view" {
			continue // a wish that is only half understood would show what nobody wished
		}
		data, _ := control.Encode(m)
		newer := append(data[:len(data)-1:len(data)-1], `,"newer":1}`...)
		_, plain := control.Parse(data)
		if _, err := control.Parse(newer); (err == nil) != (plain == nil) {
			t.Errorf("%s: %v, and without what is newer %v", newer, err, plain)
		}
		if !json.Valid(newer) {
			t.Fatalf("%s is not JSON", newer)
		}
	}
}
