package control

import (
	"encoding/json"

	"tilemix/mcu/views"
)

// View asks for a view for the client itself. Its fields are those of a wish, or "name" alone.
type View struct {
	views.Wish
}

// Type returns "view".
func (View) Type() string { return "view" }

func (m View) fault() string {
	if err := m.Check(); err != nil {
		return err.Error()
	}
	return ""
}

// UnmarshalJSON reads the fields of a wish, or a name.
func (m *View) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	delete(fields, "type")
	if name, ok := fields["name"]; ok && len(fields) == 1 {
		return m.Wish.UnmarshalJSON(name)
	}
	wish, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return m.Wish.UnmarshalJSON(wish)
}
