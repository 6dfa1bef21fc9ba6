package send

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain finds writers and pacers that outlive their owners.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
