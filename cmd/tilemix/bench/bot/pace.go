package bot

import "time"

const (
	// paceStep is the time in ns between two groups of packets of a picture. It is that
	// of libwebrtc's pacer (5 ms).
	paceStep = int64(5 * time.Millisecond)
	// paceFactor is the rate of sending a picture, in tenths of the variant's bitrate.
	paceFactor = 25
)

// pace is the picture that a bot is sending.
type pace struct {
	rest  [][]byte // payloads that the bot has not sent yet
	group int      // packets of a step
	left  int64    // ns until the next picture
}

// groupSize returns how many packets of a picture a bot sends in each step. The picture
// leaves at paceFactor times its bitrate (bits a second). A large picture leaves within
// three quarters of its period (ns).
func groupSize(payloads [][]byte, bitrate int, period int64) int {
	bits := int64(0)
	for _, p := range payloads {
		bits += int64(len(p)) * 8
	}
	perStep := max(1, int64(bitrate)*paceFactor/10*paceStep/int64(time.Second))
	steps := max(1, min((bits+perStep-1)/perStep, period*3/4/paceStep))
	return max(1, int((int64(len(payloads))+steps-1)/steps))
}
