package signaling_test

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tilemix/signaling"
	"tilemix/signaling/openapi"
)

// schemas are those of both sides' control messages, as the server serves them.
var schemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	text, err := openapi.Control()
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c, all := jsonschema.NewCompiler(), map[string]*jsonschema.Schema{}
	if err := c.AddResource("control.json", doc); err != nil {
		return nil, err
	}
	for _, side := range []string{"FromServer", "FromClient"} {
		if all[side], err = c.Compile("control.json#/$defs/" + side); err != nil {
			return nil, err
		}
	}
	return all, nil
})

// misfit tells why a control message is not what the schema of its side says, or nil.
func misfit(side string, data []byte) error {
	note(data)
	all, err := schemas()
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err == nil {
		err = all[side].Validate(v)
	}
	if err != nil {
		return fmt.Errorf("%.200s is not what the schema says: %w", data, err)
	}
	return nil
}

// fits fails the test where a control message is not what the schema of its side says.
func fits(t testing.TB, side string, data []byte) {
	t.Helper()
	if err := misfit(side, data); err != nil {
		t.Error(err)
	}
}

// TestControlSchema reads the schema as a program does.
func TestControlSchema(t *testing.T) {
	url := serve(t, newServer(t), signaling.Default())
	r := do(t, http.MethodGet, url+"/api/v1/control.json", "")
	r.want(t, http.StatusOK)
	want, err := openapi.Control()
	if err != nil || r.body != string(want) {
		t.Errorf("the server has another schema than openapi.Control: %v", err)
	}
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %q", got)
	}
	revisit(t, url+"/api/v1/control.json", r.Header.Get("ETag"))
}
