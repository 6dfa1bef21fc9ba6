package route

import (
	"encoding/binary"

	"github.com/pion/transport/v5/packetio"
)

// reports takes the RTCP about one SSRC. What is about a stream of the client is read here;
// the rest waits for pion, whose senders read what is about theirs.
type reports struct {
	*packetio.Buffer
	router *Router
	ssrc   uint32
}

// reportBuffer is how many bytes of RTCP wait for pion.
const reportBuffer = 100 * 1000

func newReports(r *Router, ssrc uint32) *reports {
	b := &reports{Buffer: packetio.NewBuffer(), router: r, ssrc: ssrc}
	b.SetLimitSize(reportBuffer)
	return b
}

// Read reads what pion is to have.
func (b *reports) Read(p []byte) (int, error) {
	n, _, err := b.Buffer.Read(p, nil)
	return n, err
}

// Write takes one packet of RTCP.
func (b *reports) Write(packet []byte) (int, error) {
	if len(packet) >= 28 && packet[0]>>6 == 2 && packet[1] == 200 && binary.BigEndian.Uint32(packet[4:]) == b.ssrc {
		b.router.report(b.ssrc, &Report{
			NTP: binary.BigEndian.Uint64(packet[8:]), Timestamp: binary.BigEndian.Uint32(packet[16:]), At: b.router.now(),
		})
		if packet[0]&31 == 0 {
			return len(packet), nil // it reports on nothing of ours
		}
	}
	return b.Buffer.Write(packet, nil)
}
