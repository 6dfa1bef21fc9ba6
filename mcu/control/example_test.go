package control_test

import (
	"errors"
	"fmt"

	"tilemix/mcu/control"
)

// A server reads a client's message, and answers with why it cannot.
func ExampleParse() {
	for _, text := range []string{`{"type":"chat","text":"hello"}`, `{"type":"mute","audioMuted":true}`} {
		m, err := control.Parse([]byte(text))
		switch m := m.(type) {
		case control.SendChat:
			fmt.Println("pass on", m.Text)
		case nil:
			refusal, _ := control.Encode(control.Error{Error: err.Error()})
			fmt.Println(string(refusal), errors.Is(err, control.ErrInvalid))
		}
	}
	// Output:
	// pass on hello
	// {"type":"error","error":"invalid control message: videoMuted is missing"} true
}

// A client reads the server's messages and ignores those of a newer server.
func ExampleDecode() {
	for _, text := range []string{
		`{"type":"layout","name":"grid","width":1280,"height":720,"tiles":[{"id":"a","x":0,"y":0,"width":640,"height":360}]}`,
		`{"type":"weather","sun":true}`,
	} {
		m, err := control.Decode([]byte(text))
		if err != nil {
			fmt.Println(err)
			continue
		}
		if layout, ok := m.(control.Layout); ok {
			fmt.Println(layout.Name, layout.Tiles[0].Width)
		}
	}
	// Output:
	// grid 640
	// invalid control message: type "weather" is unknown
}
