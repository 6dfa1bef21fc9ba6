package bot

import "time"

const (
	// paceStep is the time in ns between two groups of packets of a picture, as
	// libwebrtc's pacer has it (5 ms).
	paceStep = int64(5 * time.Millisecond)
	// paceFactor is how much faster than its bitrate a picture is sent, in tenths.
	paceFactor = 25
)

// pace is a picture that is being sent.
type pace struct {
	rest  [][]byte // payloads that are not sent yet
	group int      // packets of a step
	left  int64    // ns until the next picture
}

// groupSize returns how many packets of a picture are sent in each step, so that the
// picture leaves at paceFactor times its bitrate (bits a second), and a large one within
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
