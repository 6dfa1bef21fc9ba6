package jitter_test

import (
	"fmt"
	"time"

	"tilemix/mcu/jitter"
)

// The packet with sequence number 2 is lost, and the packet behind it has a copy of its sound.
func ExampleBuffer() {
	var b jitter.Buffer
	now := time.Unix(0, 0)
	names := map[jitter.Action]string{jitter.Silence: "silence", jitter.Play: "play", jitter.Recover: "recover", jitter.Conceal: "conceal"}
	for seq := range uint16(5) {
		if seq != 2 {
			b.Push(jitter.Packet{Seq: seq, Timestamp: uint32(seq) * 960, Samples: 960, FEC: true, Payload: []byte{byte(seq)}}, now)
		}
		if seq > 0 { // the clock is a packet behind
			b.Adjust(0, now)
			fmt.Println(names[b.Pull(960, now).Action])
		}
		now = now.Add(20 * time.Millisecond)
	}
	// Output:
	// play
	// play
	// recover
	// play
}
