package sandbox_test

import (
	"encoding/json"
	"testing"

	"tilemix/mcu/sandbox"
)

// TestLevel names the layers.
func TestLevel(t *testing.T) {
	for level, want := range map[sandbox.Level]string{
		{}:                              "none",
		{Limits: true}:                  "limits",
		{Landlock: true, Seccomp: true}: "landlock+seccomp",
		sandbox.Full():                  "limits+landlock+seccomp",
	} {
		if got := level.String(); got != want {
			t.Errorf("%q, not %q", got, want)
		}
		if got, err := json.Marshal(level); err != nil || string(got) != `"`+want+`"` {
			t.Errorf("in JSON %s, %v", got, err)
		}
	}
}
