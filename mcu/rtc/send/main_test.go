package send

import (
	"testing"

	"tilemix/mcu/mcutest/poll"
)

// TestMain finds writers and pacers that outlive their owners.
func TestMain(m *testing.M) { poll.Main(m) }
