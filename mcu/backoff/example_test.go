package backoff_test

import (
	"fmt"
	"time"

	"tilemix/mcu/backoff"
)

func ExampleSchedule() {
	s := backoff.Schedule{First: time.Second, Longest: 10 * time.Second}
	for failures := 1; failures <= 5; failures++ {
		fmt.Println(s.After(failures, 0)) // math/rand's Float64 in place of 0 spreads clients
	}
	// Output:
	// 1s
	// 2s
	// 4s
	// 8s
	// 10s
}
