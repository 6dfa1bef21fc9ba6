package media

import (
	"fmt"
	"image"
	"sync/atomic"
	"time"

	"tilemix/mcu/views"
)

// Sink takes a room's mix as it is encoded for viewers: the picture in full size in
// H.264, and the Opus of what everybody says. The picture clock calls Video and the
// sound clock calls Audio, so neither may block, and both may be called at once. The
// bytes are valid during the call only.
type Sink interface {
	// Video takes an access unit (Annex B). The first is an IDR. The time at counts from
	// the server's epoch, as it does for sound.
	Video(au []byte, key bool, at time.Duration)
	// Audio takes a packet of 20 ms at 48 kHz (RFC 7587): of one channel, or in a room with two of
	// both.
	Audio(packet []byte, at time.Duration)
	// Ended is called once, after all else, when the room has ended or the sink was
	// detached.
	Ended()
}

// SinkOptions say how a sink is served.
type SinkOptions struct {
	// KeyInterval is how old the last IDR may become until there is another, at
	// least a second; 0: as old as viewers let it.
	KeyInterval time.Duration
	// PictureInterval is how old the last picture may become until there is another,
	// even if nothing changed; 0: a second. It is rounded up to the clock's ticks.
	PictureInterval time.Duration
	// View is what the sink sees; zero: the room's view. Its canvas stays as it is at the beginning.
	View views.Wish
	// Rungs, where set, are the renditions of the view that the sink takes, by their place in the ladder: 0 has
	// full size. A place beyond the ladder's end is its smallest picture. Their access units come by Rung, and
	// none by Video. Their IDRs come from one tick of the clock, or from the next where an encoder is busy.
	Rungs []int
	// Rung takes an access unit of the rendition that has index i in Rungs, as Video does.
	Rung func(i int, au []byte, key bool, at time.Duration)
	// Of says what the sink is, in logs and events, such as "broadcast".
	Of string
	// Fallen, where set, is called when the server is too busy for the view that the sink wished, which it names.
	// The sink has the room's view then. The room's loop calls it, so it must not block.
	Fallen func(view string)
	// Still, where set, gets the canvas of each picture that is drawn, during the call only. The sink then
	// gets no access units. The picture clock calls it, so it must not block.
	Still func(canvas *image.YCbCr)
}

// Fell returns what a notice says of a sink whose view the server was too busy for.
func Fell(view string) string {
	return fmt.Sprintf("the server was too busy for the view %s: this has the room's view, until you set another", view)
}

// Attachment is a sink in a room. Its exported fields never change.
type Attachment struct {
	Sink
	SinkOptions
	released atomic.Int32 // clocks that have let go of it
}

// Release is called by each of the two clocks when it has let go of the sink. The second
// one ends it.
func (a *Attachment) Release() {
	const clocks = 2
	if a.released.Add(1) == clocks {
		a.Ended()
	}
}
