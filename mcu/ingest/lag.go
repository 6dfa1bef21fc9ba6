package ingest

import "time"

const (
	// maxBehind is how late packets may be read that had been waiting to be, and minBusy
	// how long none was read that had not.
	maxBehind = 400 * time.Millisecond
	minBusy   = 200 * time.Millisecond
)

// lag finds a camera that is behind because decoding does not keep up: on a
// machine that was busy elsewhere, packets wait unread, and the picture stays late
// until all have been decoded. Packets that the network brings late are something
// else: the reader waits for them. So a burst is decoded, and only if that takes
// long does the camera count as behind. It does until the reader waits again; the
// access units in between are worth no decoding. The zero value is ready.
type lag struct {
	busy   time.Duration // nobody had to wait for packets
	behind bool
}

// observe takes how late a packet was read.
func (l *lag) observe(late time.Duration) {
	l.behind = l.busy >= minBusy && (l.behind || late > maxBehind)
}
