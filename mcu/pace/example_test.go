package pace_test

import (
	"context"
	"fmt"
	"time"

	"tilemix/mcu/pace"
)

// A loop runs at 50 Hz until its context ends. Ticks that it is too late for are left out and
// counted.
func ExampleTimer() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	timer := pace.New(20 * time.Millisecond)
	ticks, missed := 0, 0
	for {
		n, ok := timer.Wait(ctx)
		if !ok {
			break
		}
		missed += n
		if ticks++; ticks == 3 {
			cancel()
		}
	}
	fmt.Println(ticks, "ticks")
	// Output:
	// 3 ticks
}
