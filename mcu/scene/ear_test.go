package scene

import (
	"time"

	"tilemix/mcu/packet"
	"tilemix/mcu/rtc/send"
)

// ear is a stream that takes everything.
type ear struct{}

func (ear) Write(packet.Packets, time.Time) bool { return true }
func (ear) Assign(*send.Writer)                  {}
func (ear) Loss() float64                        { return 0 }
