// Package still takes single pictures of rooms, as JPEG, for pages that list rooms.
//
//	picture clock ─▶ exposure: a copy of the canvas ─▶ JPEG ─▶ all who asked within a second
//
// A picture is a copy of what the clock has drawn, so it costs no encode of video and no key frame. A room
// that nobody watches is drawn for it, and its cameras are decoded, for about a second.
package still

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"sync"
	"time"

	"tilemix/mcu/media"
	"tilemix/mcu/room"
	"tilemix/mcu/views"
)

const (
	// fresh (1 s) is how long a picture, or the reason why there is none, is given to others who ask.
	fresh = time.Second
	// maxViews (8) is how many views of one room can be taken within that time.
	maxViews = 8
	// begin (1 s) is how long a room has been drawn before its picture is taken, if nobody watched: until
	// cameras have sent an IDR. settle (300 ms) is that of a view which may have just begun.
	begin, settle = time.Second, 300 * time.Millisecond
	// patience (4 s) is how long a picture may take.
	patience = 4 * time.Second
	quality  = 80 // of JPEG, of 100
)

// Photo is a picture of a room. Its memory is shared, and not to be changed.
type Photo struct {
	JPEG  []byte
	Taken time.Time
}

// handle is what a Taker needs of a room: a [room.Handle].
type handle interface {
	Attach(sink media.Sink, o media.SinkOptions) (detach func(), err error)
	Watched() bool
}

// rooms is what a Taker needs of [mcu.Server].
type rooms[H handle] interface {
	Room(name string) (H, error)
}

// Taker takes the pictures of all rooms. It is safe for concurrent use. It has no goroutines: those who ask
// wait in their own.
type Taker struct {
	room func(name string) (handle, error)

	mu    sync.Mutex
	shots map[subject]*shot
}

// subject is what is to be seen.
type subject struct{ room, view string }

// shot is one picture, which those who ask for it at about the same time share.
type shot struct {
	begun time.Time
	done  chan struct{} // closed when the others are set
	Photo
	err error
}

// New returns a Taker.
func New[H handle](rooms rooms[H]) *Taker {
	return &Taker{room: func(name string) (handle, error) { return rooms.Room(name) }, shots: make(map[subject]*shot)}
}

// Take returns a picture of a view of a room, which is up to a second old. Errors are mcu.ErrNotFound
// for a room that is not there, room.ErrTooOften for too many views of a room at once, those of
// room.Handle's SetView, and those of the context.
func (t *Taker) Take(ctx context.Context, name string, w views.Wish) (Photo, error) {
	s, first, err := t.enlist(subject{name, w.String()}, time.Now())
	if err != nil {
		return Photo{}, err
	}
	if first { // others wait for it too, though this one may go
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
		defer cancel()
		s.JPEG, s.err = t.expose(own, name, w)
		s.Taken = time.Now()
		close(s.done)
	}
	select {
	case <-s.done:
		return s.Photo, s.err
	case <-ctx.Done():
		return Photo{}, ctx.Err()
	}
}

// enlist returns the shot of a subject; first says that the caller is to take it.
func (t *Taker) enlist(what subject, now time.Time) (s *shot, first bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	others := 0
	for k, s := range t.shots {
		select {
		case <-s.done:
			if now.Sub(s.Taken) >= fresh {
				delete(t.shots, k)
				continue
			}
		default:
		}
		if k.room == what.room {
			others++
		}
	}
	if s := t.shots[what]; s != nil {
		return s, false, nil
	}
	if others >= maxViews {
		return nil, false, fmt.Errorf("%w: pictures of %d views of this room were taken within a second", room.ErrTooOften, others)
	}
	s = &shot{begun: now, done: make(chan struct{})}
	t.shots[what] = s
	return s, true, nil
}

// expose takes a picture.
func (t *Taker) expose(ctx context.Context, name string, w views.Wish) ([]byte, error) {
	h, err := t.room(name)
	if err != nil {
		return nil, err
	}
	after := time.Now()
	switch {
	case !h.Watched():
		after = after.Add(begin)
	case !w.IsZero():
		after = after.Add(settle)
	}
	e := &exposure{after: after, done: make(chan struct{}), ended: make(chan struct{})}
	detach, err := h.Attach(e, media.SinkOptions{View: w, Still: e.take})
	if err != nil {
		return nil, err
	}
	defer detach()
	select {
	case <-e.done:
	case <-e.ended:
		return nil, fmt.Errorf("room %q: %w", name, room.ErrNotFound)
	case <-ctx.Done():
		return nil, fmt.Errorf("picture of room %q: %w", name, ctx.Err())
	}
	stretch(e.picture)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, e.picture, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("picture of room %q: %w", name, err)
	}
	return out.Bytes(), nil
}

// exposure is a sink that wants one picture. The clock calls take.
type exposure struct {
	after       time.Time
	done, ended chan struct{} // closed when there is a picture; when there will be none
	picture     *image.YCbCr
}

// take copies the first canvas after the time.
func (e *exposure) take(img *image.YCbCr) {
	if e.picture != nil || time.Now().Before(e.after) {
		return
	}
	e.picture = image.NewYCbCr(image.Rectangle{Max: img.Rect.Size()}, img.SubsampleRatio)
	copyPlane(e.picture.Y, e.picture.YStride, img.Y, img.YStride)
	copyPlane(e.picture.Cb, e.picture.CStride, img.Cb, img.CStride)
	copyPlane(e.picture.Cr, e.picture.CStride, img.Cr, img.CStride)
	close(e.done)
}

func copyPlane(dst []byte, dstStride int, src []byte, srcStride int) {
	for len(dst) >= dstStride && len(src) >= dstStride {
		copy(dst[:dstStride], src)
		dst, src = dst[dstStride:], src[min(srcStride, len(src)):]
	}
}

// Video implements [media.Sink].
func (*exposure) Video([]byte, bool, time.Duration) {}

// Audio implements [media.Sink].
func (*exposure) Audio([]byte, time.Duration) {}

// Ended implements [media.Sink].
func (e *exposure) Ended() { close(e.ended) }

// stretch brings a canvas (BT.601 in limited range) to the full range that JPEG has (JFIF 1.02).
func stretch(img *image.YCbCr) {
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = clamp((i-16)*255, 219, 0)
		chroma[i] = clamp((i-128)*255, 224, 128)
	}
	for i, v := range img.Y {
		img.Y[i] = luma[v]
	}
	for _, plane := range [][]byte{img.Cb, img.Cr} {
		for i, v := range plane {
			plane[i] = chroma[v]
		}
	}
}

// clamp returns n/by + base, rounded, as a byte.
func clamp(n, by, base int) byte {
	half := by / 2
	if n < 0 {
		half = -half
	}
	return byte(min(max((n+half)/by+base, 0), 255))
}
