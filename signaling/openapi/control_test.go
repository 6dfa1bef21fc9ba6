package openapi_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tilemix/mcu/control"
	"tilemix/signaling/openapi"
)

// compiled returns the schema of one side's messages, "FromServer" or "FromClient".
func compiled(t *testing.T, side string) *jsonschema.Schema {
	t.Helper()
	text, err := openapi.Control()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("control.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("control.json#/$defs/" + side)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// valid tells what a schema says of a message.
func valid(t *testing.T, s *jsonschema.Schema, message string) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// fill gives all fields of a value something that is not their zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(3)
	case reflect.Uint16:
		v.SetUint(3)
	case reflect.Float64:
		v.SetFloat(0.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	}
}

// TestControl encodes each message, empty and with all fields: each is valid. With a number for a
// type, and with a wrong type in each field, none is.
func TestControl(t *testing.T) {
	for side, messages := range map[string][]control.Message{"FromServer": control.FromServer(), "FromClient": control.FromClient()} {
		schema := compiled(t, side)
		for _, m := range messages {
			full := reflect.New(reflect.TypeOf(m)).Elem()
			fill(full)
			for _, m := range []control.Message{m, full.Interface().(control.Message)} {
				data, err := control.Encode(m)
				if err != nil {
					continue // a value that has no text
				}
				if err := valid(t, schema, string(data)); err != nil {
					t.Errorf("%s: %v", data, err)
				}
				var fields map[string]any
				if err := json.Unmarshal(data, &fields); err != nil {
					t.Fatal(err)
				}
				for name, value := range fields {
					fields[name] = map[string]any{"": 0}
					if _, object := value.(map[string]any); object {
						fields[name] = 3
					}
					wrong, _ := json.Marshal(fields)
					if valid(t, schema, string(wrong)) == nil {
						t.Errorf("%s is valid", wrong)
					}
					fields[name] = value
				}
			}
		}
	}
}

// TestControlByHand has messages as people write them, and such that are none.
func TestControlByHand(t *testing.T) {
	schema := compiled(t, "FromClient")
	for message, is := range map[string]bool{
		`{"type":"view","name":"speaker"}`:                     true,
		`{"type":"view","layout":"grid","pin":["a"]}`:          true,
		`{"type":"view","pin":"a"}`:                            false,
		`{"type":"kick","id":"a","ban":false}`:                 true,
		`{"type":"kick","id":"a","ban":{"seconds":60}}`:        true,
		`{"type":"kick","id":"a","ban":"long"}`:                false,
		`{"type":"kick"}`:                                      false,
		`{"type":"set","select":"all","view":"speaker"}`:       true,
		`{"type":"mute","audioMuted":true,"videoMuted":false}`: true,
		`{"type":"mute","audioMuted":true}`:                    false,
		`{"type":"chat","text":"hi","later":1}`:                true,
		`{"type":"nothing"}`:                                   false,
		`{"text":"hi"}`:                                        false,
		`[]`:                                                   false,
	} {
		if err := valid(t, schema, message); (err == nil) != is {
			t.Errorf("%s: %v", message, err)
		}
	}
}
