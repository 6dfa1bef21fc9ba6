package presence_test

import (
	"fmt"
	"time"

	"tilemix/mcu/presence"
)

// A participant's media fails. The participant keeps the tile for GraceLost, and has left then.
func ExamplePresence() {
	now := time.Unix(0, 0)
	p := presence.Join(true, now)
	p.Connect()
	p.Disconnect(true, now)
	deadline, _ := p.Deadline()
	fmt.Println(p.State(), p.HasTile(), deadline.Sub(now))
	p.Expire(deadline)
	fmt.Println(p.State())
	// Output:
	// lost true 30s
	// left
}
