package control_test

import (
	"errors"
	"strings"
	"testing"

	"tilemix/mcu/control"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, fault string }{
		{`{"type":"offer","sdp":"v=0"}`, ""},
		{`{"type":"candidate","candidate":{"candidate":""}}`, ""},
		{`{"type":"mute","audio":true,"video":false}`, ""},
		{`{"type":"chat","text":"héllo"}`, ""},
		{`{"type":"layout","name":"speaker"}`, ""},
		{`{"type":"alive"}`, ""},
		{`{"type":"mute","audio":true}`, "audio and video is missing"},
		{`{"type":"offer"}`, "sdp is missing"},
		{`{"type":"welcome","id":"x"}`, "unknown"},
		{`{"type":"chat","text":"` + strings.Repeat("x", control.MaxChat+1) + `"}`, "longer"},
		{`{}`, "type is missing"},
		{`[]`, "cannot unmarshal"},
		{`{"type":1}`, "cannot unmarshal"},
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

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"offer","sdp":"v=0"}`))
	f.Add([]byte(`{"type":"candidate","candidate":{}}`))
	f.Add([]byte(`{"type":"chat","text":"\u0000"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := control.Parse(data); err == nil && m.Type == "" {
			t.Fatal("a message without a type was taken")
		}
	})
}
