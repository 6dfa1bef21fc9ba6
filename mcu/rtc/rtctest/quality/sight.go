package quality

import (
	"image"
	"slices"
	"sync"
	"time"

	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/barcode"
	"tilemix/mixer/layout"
)

// Sight is what a client sees of another client's camera that numbers its pictures. It
// is safe for concurrent use.
type Sight struct {
	born   time.Time // of the actor
	camera rtctest.Camera
	canvas image.Point
	place  image.Rectangle // of the picture, on the canvas

	mu   sync.Mutex
	seen []sighting // in the order of their numbers
}

// oldest is how late a picture may come and be known by its number.
const oldest = 5 * time.Second

// sighting is a picture that was seen for the first time.
type sighting struct {
	number       int
	filmed, at   time.Time
	late         time.Duration // from filmed until its picture of the mix
	synchronized bool          // late is known
}

// Follow has a client look for the pictures of an actor's camera in the actor's tile of
// the canvas, however large the picture that comes is.
func Follow(viewer, actor *rtctest.Client, camera rtctest.Camera, tile image.Rectangle, canvas image.Point) *Sight {
	s := newSight(actor.Born(), camera, tile, canvas)
	viewer.VideoSink.Watch(s.look)
	return s
}

// newSight returns what Follow does, and watches nothing.
func newSight(born time.Time, camera rtctest.Camera, tile image.Rectangle, canvas image.Point) *Sight {
	camera = camera.Complete()
	crop, place := layout.Fit(camera.Size, tile)
	return &Sight{born: born, camera: camera, canvas: canvas, place: barcode.Spread(camera.Size, crop, place)}
}

func (s *Sight) look(p rtctest.Picture) {
	r := s.place
	w, h := p.Image.Rect.Dx(), p.Image.Rect.Dy()
	part := image.Rect(r.Min.X*w/s.canvas.X, r.Min.Y*h/s.canvas.Y, r.Max.X*w/s.canvas.X, r.Max.Y*h/s.canvas.Y)
	code, ok := barcode.Read(p.Image, part.Add(p.Image.Rect.Min))
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// The newest of its kind that was filmed by now.
	number := int(p.At.Sub(s.born) * time.Duration(s.camera.FrameRate) / time.Second)
	number -= (number - code%barcode.Numbers + barcode.Numbers) % barcode.Numbers
	filmed := s.filmed(number)
	if p.At.Sub(filmed) > oldest { // misread: one in 64 of what is no barcode passes its check
		return
	}
	at, known := slices.BinarySearchFunc(s.seen, number, func(g sighting, n int) int { return g.number - n })
	if known {
		return
	}
	s.seen = slices.Insert(s.seen, at, sighting{
		number: number, filmed: filmed, at: p.At, late: p.Mixed.Sub(filmed), synchronized: !p.Mixed.IsZero(),
	})
}

// filmed returns when a picture was filmed.
func (s *Sight) filmed(number int) time.Time {
	return s.born.Add(time.Duration(number) * time.Second / time.Duration(s.camera.FrameRate))
}

// Seen is what was seen in a span of time.
type Seen struct {
	// Shown is the share of the pictures filmed in it that were seen at all.
	Shown float64
	// Freeze is the longest time without a new picture.
	Freeze time.Duration
	// Late is the median of how late pictures came.
	Late time.Duration
}

// Between returns what was seen in a span of time. Pictures that were filmed shortly
// before its end may be seen until now.
func (s *Sight) Between(from, to time.Time) Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	var seen Seen
	var late []time.Duration
	last := from
	for _, g := range s.seen {
		if !g.filmed.Before(from) && g.filmed.Before(to) {
			late = append(late, g.at.Sub(g.filmed))
		}
		if g.at.After(last) && g.at.Before(to) {
			seen.Freeze = max(seen.Freeze, g.at.Sub(last))
			last = g.at
		}
	}
	seen.Freeze = max(seen.Freeze, to.Sub(last))
	filmed := to.Sub(from).Seconds() * float64(s.camera.FrameRate)
	seen.Shown = min(float64(len(late))/filmed, 1)
	if len(late) > 0 {
		slices.Sort(late)
		seen.Late = late[len(late)/2]
	}
	return seen
}

// Resumed returns how long after an instant the first picture came that was filmed
// after it.
func (s *Sight) Resumed(after time.Time) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.seen {
		if !g.filmed.Before(after) {
			return g.at.Sub(after), true
		}
	}
	return 0, false
}

// delay returns how much later than filmed pictures are in the mix, at an instant.
func (s *Sight) delay(at time.Time) (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, _ := slices.BinarySearchFunc(s.seen, at, func(g sighting, t time.Time) int { return g.filmed.Compare(t) })
	if i == len(s.seen) || !s.seen[i].synchronized || s.seen[i].filmed.Sub(at) > 300*time.Millisecond {
		return 0, false
	}
	return s.seen[i].late, true
}
