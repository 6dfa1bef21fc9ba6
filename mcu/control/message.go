package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"tilemix/mixer/motion"
)

// ErrInvalid is wrapped by every error of [Parse] and [Decode].
var ErrInvalid = errors.New("invalid control message")

// ErrScreen is returned for the screen of a participant that shares one already.
var ErrScreen = errors.New("shares a screen already: end that first")

// Message is one message: a struct of this package, by value. Its JSON is an object
// with the struct's fields and the field "type".
type Message interface {
	// Type is the value of the field "type".
	Type() string
}

var (
	fromClient = []Message{
		Offer{},
		Answer{},
		Candidate{},
		Mute{},
		SendChat{},
		ChooseLayout{},
		View{},
		Alive{},
		Hand{},
		Set{},
		Ask{},
		Kick{},
		Move{},
		Lock{},
		End{},
		Announce{},
		Admit{},
		Reject{},
		Back{},
		Overlays{},
		LowerThird{},
		React{},
		KeepChat{},
		Rename{},
		Receive{},
		Report{},
	}
	fromServer = []Message{
		Welcome{},
		Moved{},
		Waiting{},
		Admitted{},
		Rejected{},
		Answer{},
		Candidate{},
		Participants{},
		Speaking{},
		Layout{},
		Uplink{},
		Rendition{},
		Recordings{},
		Broadcast{},
		Chat{},
		Alive{},
		Error{},
		Standing{},
		Muted{},
		Asked{},
		RoomState{},
		Lobby{},
		Announcement{},
		Removed{},
		Relocate{},
		Reaction{},
		History{},
		Quality{},
	}
)

// FromClient returns a zero value of each message that a client may send. The caller
// owns the slice.
func FromClient() []Message { return slices.Clone(fromClient) }

// FromServer returns a zero value of each message that the server may send. The
// caller owns the slice.
func FromServer() []Message { return slices.Clone(fromServer) }

// Shared is a message for many clients, which is encoded once.
type Shared struct {
	Message
	json []byte
}

// Share encodes a message now, so that Encode does nothing more for each client.
func Share(m Message) Message {
	data, err := Encode(m)
	if err != nil {
		return m // Encode says it again to the caller that can log it
	}
	return Shared{m, data}
}

// Plain returns what is shared, or m itself, so that a caller can tell messages by their type.
func Plain(m Message) Message {
	if s, ok := m.(Shared); ok {
		return s.Message
	}
	return m
}

// Encode returns the JSON of a message; "type" is its first field. The memory is not to be
// changed, since a Shared message has the same for all.
func Encode(m Message) ([]byte, error) {
	if s, ok := m.(Shared); ok {
		return s.json, nil
	}
	fields, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode control message %q: %w", m.Type(), err)
	}
	data := fmt.Appendf(make([]byte, 0, len(fields)+32), `{"type":%q`, m.Type())
	if len(fields) > len("{}") {
		data = append(data, ',')
	}
	return append(data, fields[1:]...), nil
}

// Parse reads a message of a client, as the server does. The error names the field
// that is missing or wrong; it wraps [ErrInvalid].
func Parse(data []byte) (Message, error) {
	m, err := read(data, fromClient)
	if err != nil {
		return nil, err
	}
	if err := Check(m); err != nil {
		return nil, err
	}
	return m, nil
}

// Decode reads a message of the server, as clients do. An unknown type is an error,
// which a client ignores because a newer server may send more. The error wraps
// [ErrInvalid].
func Decode(data []byte) (Message, error) { return read(data, fromServer) }

// read reads a message of one of the given types.
func read(data []byte, types []Message) (Message, error) {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, malformed(err))
	}
	if head.Type == "" {
		return nil, fmt.Errorf("%w: type is missing", ErrInvalid)
	}
	i := slices.IndexFunc(types, func(m Message) bool { return m.Type() == head.Type })
	if i < 0 {
		return nil, fmt.Errorf("%w: type %.32q is unknown", ErrInvalid, head.Type)
	}
	m := reflect.New(reflect.TypeOf(types[i]))
	if err := json.Unmarshal(data, m.Interface()); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrInvalid, malformed(err))
	}
	return m.Elem().Interface().(Message), nil
}

// malformed describes an error of encoding/json without the names of Go types.
func malformed(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		if e.Field == "" {
			return "not a JSON object but " + e.Value
		}
		return fmt.Sprintf("%s has the wrong type: %s", e.Field, e.Value)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("not JSON after byte %d: %s", e.Offset, e.Error())
	}
	if what, ok := strings.CutPrefix(err.Error(), "json: "); ok {
		return what // a field that a wish does not have
	}
	if errors.Is(err, motion.ErrEase) {
		return err.Error()
	}
	return "not JSON"
}

// missing returns what to answer when a field is absent, or nothing.
func missing(absent bool, field string) string {
	if absent {
		return field + " is missing"
	}
	return ""
}
