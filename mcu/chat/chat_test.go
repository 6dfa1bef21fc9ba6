package chat_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"tilemix/mcu/chat"
	"tilemix/mcu/control"
)

// TestPast keeps the newest messages, within its bounds, and none of before it was to keep them.
func TestPast(t *testing.T) {
	var p chat.Past
	p.Add(control.Chat{Text: "before"})
	if !p.Keep(true) || p.Keep(true) || len(p.Messages()) > 0 {
		t.Errorf("it keeps %v", p.Messages())
	}
	for n := range chat.Most + 5 {
		p.Add(control.Chat{Text: strconv.Itoa(n)})
	}
	first := p.Messages()
	if len(first) != chat.Most || first[0].Text != "5" {
		t.Errorf("it keeps %d messages, the oldest is %+v", len(first), first[0])
	}
	for range 30 {
		p.Add(control.Chat{Text: strings.Repeat("\x01", control.MaxChat)}) // six bytes each in JSON
	}
	data, err := json.Marshal(control.History{Messages: p.Messages()})
	if n := len(p.Messages()); err != nil || n != 4 || len(data) > 64<<10 {
		t.Errorf("it keeps %d long messages, of %d bytes: %v", n, len(data), err)
	}
	if first[0].Text != "5" || first[chat.Most-1].Text != strconv.Itoa(chat.Most+4) {
		t.Error("what was returned has changed")
	}
	if p.Keep(false); len(p.Messages()) > 0 {
		t.Errorf("it keeps %v after the end", p.Messages())
	}
}
