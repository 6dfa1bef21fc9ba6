package ingest

import (
	"image"
	"time"

	"tilemix/codec"
)

// What a camera may cost: a share of a core (package headroom). The least is a fifth: 1080p at 30
// pictures a second and 6 Mbit/s, or 720p at 60 and 8 Mbit/s.
const (
	// budgetMost is the decoding that can be saved up, for a while of much motion.
	budgetMost = 200 * time.Millisecond
	// budgetEnough is what has to be left for pictures that no other needs, and for
	// going on after nothing was left: a few pictures in a row are worth an IDR.
	budgetEnough = budgetMost / 2
)

// decodeBudget holds a camera to what it may cost. It counts what decoding takes on a
// machine with nothing else to do, not what it took: a busy machine is not the
// sender's fault. The zero value is full.
type decodeBudget struct {
	left  time.Duration // below zero after a costly picture
	at    time.Time     // when left was right
	spent bool          // nothing is decoded until there is enough again
	cuts  uint64        // how often that began
}

// allows tells whether an access unit may be decoded now. share is the time of decoding that each
// second gives. spare says that no other picture needs the unit.
func (b *decodeBudget) allows(share time.Duration, spare bool, now time.Time) bool {
	if b.at.IsZero() {
		b.left = budgetMost
	} else if d := now.Sub(b.at); d > 0 {
		b.left = min(b.left+time.Duration(d.Seconds()*float64(share)), budgetMost)
	}
	b.at = now
	enough := b.left >= budgetEnough
	before := b.spent
	if b.spent = b.left < 0 || b.spent && !enough; b.spent && !before {
		b.cuts++
	}
	return !b.spent && (enough || !spare)
}

func (b *decodeBudget) spend(d time.Duration) { b.left -= d }

// costOf is how long OpenH264 takes for a picture of a size and a number of bytes,
// and its scaling: fitted to pictures from 320x180 to 1920x1080 and from 2 to 330 KB,
// on one core of an EPYC.
func costOf(size image.Point, bytes int) time.Duration {
	const each, tenPixels, oneByte = 100 * time.Microsecond, 23, 60
	return each + time.Duration(size.X*size.Y*tenPixels/10+bytes*oneByte)
}

// remoteDecoder is a decoder in another process.
type remoteDecoder interface {
	// Ready waits until there is a process, and takes no core meanwhile.
	Ready() error
	// OnStall says what to call when the process takes no core although it has something to decode.
	OnStall(f func())
}

// turn is a camera's turn to decode: one of as many as there are cores. It belongs to one goroutine, and is
// of a decoder from of on.
type turn struct {
	remote remoteDecoder // nil: the decoder is in this process
	all    chan struct{} // holds one for each that is taken
	held   bool
}

func (t *turn) of(dec codec.VideoDecoder, all chan struct{}) {
	t.all = all
	if remote, ok := dec.(remoteDecoder); ok {
		t.remote = remote
		remote.OnStall(t.give)
	}
}

// take waits for it, once the decoder is ready. A camera that waits for a process keeps no other from
// decoding.
func (t *turn) take() error {
	if t.remote != nil {
		if err := t.remote.Ready(); err != nil {
			return err
		}
	}
	t.all <- struct{}{}
	t.held = true
	return nil
}

// give lets another camera have it. A second call does nothing.
func (t *turn) give() {
	if t.held {
		t.held = false
		<-t.all
	}
}
