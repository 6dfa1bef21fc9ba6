package ladder_test

import (
	"fmt"
	"image"
	"time"

	"tilemix/mcu/ladder"
)

func ExampleChoice_Decide() {
	rungs := ladder.Of(ladder.Rung{Size: image.Pt(1280, 720), FrameRate: 30, Bitrate: 1_500_000})
	choice := ladder.NewChoice(rungs)
	now, sent := time.Unix(0, 0), uint64(0)
	for range 20 { // two seconds of 1.5 Mbit/s over a path that carries 700 kbit/s
		choice.Decide(ladder.PathState{Estimate: 700_000, Sent: sent}, now)
		now, sent = now.Add(100*time.Millisecond), sent+18_750
	}
	fmt.Println(rungs[choice.Rung()].Size)
	// Output: (640,360)
}
