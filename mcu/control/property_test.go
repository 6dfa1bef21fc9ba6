package control_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tilemix/mcu/control"
)

// filled returns a message of one type with any values in all fields.
func filled(t *rapid.T, zero control.Message) control.Message {
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	fill(t, v, zero.Type())
	return v.Interface().(control.Message)
}

// fill sets a value to any that the JSON of its type can have.
func fill(t *rapid.T, v reflect.Value, label string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, label))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, label))
	case reflect.Int:
		v.SetInt(int64(rapid.IntRange(-1<<40, 1<<40).Draw(t, label)))
	case reflect.Uint16:
		v.SetUint(uint64(rapid.Uint16().Draw(t, label)))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), label)
	case reflect.Slice:
		n := rapid.IntRange(1, 3).Draw(t, label)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			fill(t, v.Index(i), label)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, label), 0).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(t, v.Field(i), label+"."+v.Type().Field(i).Name)
			}
		}
	default:
		t.Fatalf("%s: no values of kind %v", label, v.Kind())
	}
}

// TestRoundTrip encodes any message of the server, and reads it as a client: it is the
// same, and its type is the first field.
func TestRoundTrip(t *testing.T) {
	for _, zero := range control.FromServer() {
		t.Run(zero.Type(), rapid.MakeCheck(func(t *rapid.T) {
			m := filled(t, zero)
			data, err := control.Encode(m)
			if err != nil || !json.Valid(data) || !bytes.HasPrefix(data, []byte(`{"type":"`+zero.Type()+`"`)) {
				t.Fatalf("encoded as %s: %v", data, err)
			}
			back, err := control.Decode(data)
			if err != nil || !reflect.DeepEqual(back, m) {
				t.Fatalf("%s: decoded as %#v, %v, was %#v", data, back, err, m)
			}
		}))
	}
}

// TestClientRoundTrip encodes any message of a client: the server reads the same, or
// refuses it because a required field is empty or too long.
func TestClientRoundTrip(t *testing.T) {
	for _, zero := range control.FromClient() {
		t.Run(zero.Type(), rapid.MakeCheck(func(t *rapid.T) {
			m := filled(t, zero)
			data, err := control.Encode(m)
			if err != nil {
				t.Fatal(err)
			}
			back, err := control.Parse(data)
			if err == nil && !reflect.DeepEqual(back, m) {
				t.Fatalf("%s: parsed as %#v, was %#v", data, back, m)
			}
			if text, ok := m.(control.SendChat); ok && (err == nil) != (len(text.Text) <= control.MaxChat && text.Text+text.File != "") {
				t.Fatalf("%s: %v", data, err)
			}
		}))
	}
}

// FuzzDecode reads what any server may send: no input makes a client panic, and what it
// accepts is a message that it can encode.
func FuzzDecode(f *testing.F) {
	for _, m := range control.FromServer() {
		data, err := control.Encode(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := control.Decode(data)
		if err != nil {
			return
		}
		if _, err := control.Encode(m); err != nil {
			t.Errorf("%s: %v", data, err)
		}
	})
}
