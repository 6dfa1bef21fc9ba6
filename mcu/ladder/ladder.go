// Package ladder decides which rendition of the picture each viewer gets. Time is
// an argument.
//
//	estimate of the path, bytes sent ──▶ Choice.Decide ──▶ rung; rate to probe with
//
// A ladder has the picture in full, in half and in quarter size, and at its foot
// nothing but sound.
//
// # Why
//
// The ladder keeps one viewer's slow path from costing other viewers anything: 720p30 with
// 1.5 Mbit/s, 360p30 with 500 kbit/s, 180p15 with 150 kbit/s, or audio only. No rendition's
// bitrate follows one viewer. A viewer whose path cannot carry a rendition gets another one.
//
// A viewer moves down when the estimate is below both the rendition's bitrate and the bitrate
// actually sent, because a still picture sends little and the estimate cannot rise far above
// what is sent. It moves up by one rung after two seconds without congestion, once the path
// has carried the higher bitrate, if necessary as a probe. After a failed move up, the next
// one waits longer, up to 6 s. A move to audio only takes four bad seconds.
package ladder

import (
	"image"
	"math"
)

// Rung is what a viewer can have of the picture. The zero Rung is none: the viewer has
// sound only.
type Rung struct {
	Size      image.Point // pixels, even
	FrameRate int         // pictures a second
	Bitrate   int         // bits a second
	// Every says that one picture of so many is shown.
	Every int
}

func (r Rung) none() bool { return r == Rung{} }

const (
	// leastHeight and leastWidth are of the smallest picture that is worth its bits,
	// in pixels.
	leastHeight, leastWidth = 80, 80
	// slowRate is what the frame rate of a quarter's size comes down to.
	slowRate = 15
	// detail is how the bitrate grows with the pixels: 1080p has twice that of 720p.
	detail = 0.85
)

// Of returns the ladder of a picture that is made with full: 720p30 in 1.5 Mbit/s
// gives 360p30 in 500 kbit/s, 180p15 in 150 kbit/s and nothing. A ladder begins with
// full and ends with the zero Rung, and small pictures have fewer rungs between.
func Of(full Rung) []Rung {
	full.Every = 1
	rungs := []Rung{full}
	half := Rung{Size: part(full.Size, 2), FrameRate: full.FrameRate, Bitrate: full.Bitrate / 3, Every: 1}
	every := max(1, (full.FrameRate+slowRate/2)/slowRate)
	quarter := Rung{Size: part(full.Size, 4), FrameRate: max(1, full.FrameRate/every), Bitrate: full.Bitrate / 10, Every: every}
	for _, r := range []Rung{half, quarter} {
		if r.Size.X >= leastWidth && r.Size.Y >= leastHeight && r.Bitrate > 0 {
			rungs = append(rungs, r)
		}
	}
	return append(rungs, Rung{})
}

// Like returns the ladder of another canvas of the same room: of a size in pixels, drawn once in so
// many ticks, of which less than one counts as one. It has as many rungs as the room's ladder or fewer,
// and as many bits for its detail. A room without a picture has no other ladder.
func Like(room []Rung, size image.Point, every int) []Rung {
	if len(room) == 0 || room[0].Size.X*room[0].Size.Y == 0 {
		return room
	}
	full := room[0]
	if every = max(every, 1); full.Size == size && every == 1 {
		return room
	}
	share := float64(size.X*size.Y) / float64(full.Size.X*full.Size.Y)
	full.Size = size
	full.Bitrate = int(float64(full.Bitrate) * math.Pow(share, detail))
	full.FrameRate = max(1, full.FrameRate/every)
	rungs := Of(full)
	if most := len(room); len(rungs) > most {
		rungs = append(rungs[:most-1], Rung{})
	}
	for i := range rungs[:len(rungs)-1] {
		rungs[i].Every *= every
	}
	return rungs
}

// part returns an even nth of a size.
func part(size image.Point, n int) image.Point {
	return image.Pt(size.X/n&^1, size.Y/n&^1)
}

// needs is what a path has to carry for a rung, in bits a second: its bitrate,
// the headers of its packets, which weigh more where pictures are small, and the sound.
func (r Rung) needs(sound int) int {
	if r.none() {
		return 0
	}
	const header = 8 * 40 // a packet's, in bits
	return r.Bitrate + r.Bitrate/50 + r.FrameRate*header + sound
}
