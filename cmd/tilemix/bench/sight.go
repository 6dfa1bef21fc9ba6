package bench

import (
	"image"
	"slices"
	"sync"
	"time"

	"tilemix/cmd/tilemix/bench/bot"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/opus"
	"tilemix/codec/pcm"
	"tilemix/mcu/control"
	"tilemix/mcu/rtc/rtctest/barcode"
	"tilemix/mixer/layout"
)

// places follows where the tiles are, by what a bot is told. It is safe for
// concurrent use.
type places struct {
	mu    sync.Mutex
	names map[string]string // by ID
	since []arrangement
}

// arrangement is where tiles are from a time on, by ID.
type arrangement struct {
	from  time.Time
	tiles []control.Tile
}

func (p *places) told(m control.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch m := m.(type) {
	case control.Participants:
		p.names = map[string]string{}
		for _, who := range m.Participants {
			p.names[who.ID] = who.Name
		}
	case control.Layout:
		p.since = append(p.since, arrangement{time.Now(), m.Tiles})
	}
}

// at returns the tiles at a time, by name.
func (p *places) at(t time.Time) map[string]image.Rectangle {
	p.mu.Lock()
	defer p.mu.Unlock()
	var tiles map[string]image.Rectangle
	for _, a := range p.since {
		if a.from.After(t) {
			break
		}
		tiles = map[string]image.Rectangle{}
		for _, t := range a.tiles {
			tiles[p.names[t.ID]] = image.Rect(t.X, t.Y, t.X+t.Width, t.Y+t.Height)
		}
	}
	return tiles
}

// sendings is when each number was sent, in order.
type sendings map[int][]time.Time

func sent(all []bot.Sending) sendings {
	s := sendings{}
	for _, one := range all {
		s[one.Index] = append(s[one.Index], one.At)
	}
	return s
}

// before returns when a number was last sent before a time.
func (s sendings) before(n int, t time.Time) (time.Time, bool) {
	times := s[n]
	i, _ := slices.BinarySearchFunc(times, t, time.Time.Compare)
	if i == 0 {
		return time.Time{}, false
	}
	return times[i-1], true
}

// window is a span of time.
type window struct{ from, to time.Time }

func (w window) has(t time.Time) bool { return !t.Before(w.from) && t.Before(w.to) }

// lag decodes the mix and finds, for each camera's picture that is first seen in
// the window, how long after it was sent that was, in ms. unread counts the tiles
// whose number could not be read.
func lag(mix []bot.Unit, w window, p *places, cameras map[string]sendings) (ms map[string][]float64, unread int, err error) {
	dec, err := h264.NewDecoder(limit.Limits{})
	if err != nil {
		return nil, 0, err
	}
	defer dec.Close()
	ms = map[string][]float64{}
	seen := map[string]int{}
	for _, u := range mix {
		img, err := dec.Decode(u.Data)
		if err != nil || img == nil || u.At.After(w.to) {
			continue
		}
		for name, tile := range p.at(u.At) {
			camera, ok := cameras[name]
			if !ok {
				continue
			}
			crop, place := layout.Fit(filmSize, tile)
			n, ok := barcode.Read(img, barcode.Spread(filmSize, crop, place))
			if !ok {
				if w.has(u.At) {
					unread++
				}
				continue
			}
			if last, known := seen[name]; known && last == n {
				continue
			}
			seen[name] = n
			if at, ok := camera.before(n, u.At); ok && w.has(u.At) {
				ms[name] = append(ms[name], u.At.Sub(at).Seconds()*1000)
			}
		}
	}
	return ms, unread, nil
}

// delay finds the speaker's chirps in what was heard, and how long after they were
// sent that was, in ms.
func delay(heard []bot.Unit, w window, voice *bot.Voice, speaker sendings) ([]float64, error) {
	spoken, err := chirpsOf(voice)
	if err != nil || len(heard) == 0 {
		return nil, err
	}
	sound, err := decodeAll(heard)
	if err != nil {
		return nil, err
	}
	var ms []float64
	for _, at := range findChirps(sound) {
		u := heard[at/pcm.Samples]
		if !w.has(u.At) {
			continue
		}
		// The chirp was in that one of the packets that was sent last.
		var latest time.Time
		offset := 0
		for _, s := range spoken {
			if t, ok := speaker.before(s/pcm.Samples, u.At); ok && t.After(latest) {
				latest, offset = t, s%pcm.Samples
			}
		}
		if !latest.IsZero() {
			ms = append(ms, u.At.Sub(latest).Seconds()*1000+float64(at%pcm.Samples-offset)*1000/pcm.Rate)
		}
	}
	return ms, nil
}

// decodeAll decodes one packet after the other.
func decodeAll(packets []bot.Unit) ([]float32, error) {
	dec, err := opus.NewDecoder()
	if err != nil {
		return nil, err
	}
	defer dec.Close()
	sound := make([]float32, 0, len(packets)*pcm.Samples)
	var block [5760]float32
	for _, p := range packets {
		n, err := dec.Decode(block[:], p.Data)
		if err != nil || n != pcm.Samples {
			clear(block[:pcm.Samples])
		}
		sound = append(sound, block[:pcm.Samples]...)
	}
	return sound, nil
}

// chirpsOf returns where in a voice its chirps are, as a decoder hears them.
func chirpsOf(v *bot.Voice) ([]int, error) {
	var twice []bot.Unit
	for range 2 {
		for _, p := range v.Packets {
			twice = append(twice, bot.Unit{Data: p})
		}
	}
	sound, err := decodeAll(twice)
	if err != nil {
		return nil, err
	}
	length := len(v.Packets) * pcm.Samples
	var at []int
	for _, i := range findChirps(sound) {
		if i >= length {
			at = append(at, i-length)
		}
	}
	return at, nil
}

// likeness is how much of a sound's energy must be the chirp's for it to be one.
const likeness = 0.5

// findChirps returns where chirps begin. They are chirpEvery apart, so the best
// place within half of that, if it is good, is one.
func findChirps(sound []float32) []int {
	wanted := chirp()
	var energy float64
	for _, v := range wanted {
		energy += float64(v) * float64(v)
	}
	var found []int
	best, bestAt, score := 0.0, -1, 0.0
	for at := 0; at+chirpLen <= len(sound); at++ {
		if at%4 != 0 && score < likeness/2 {
			continue // far from any chirp: look closely only where there may be one
		}
		var dot, own float64
		for i, v := range wanted {
			s := float64(sound[at+i])
			dot += s * float64(v)
			own += s * s
		}
		score = 0
		if own > 1e-4 && dot > 0 {
			score = dot * dot / (own * energy)
		}
		if score > likeness && score > best {
			best, bestAt = score, at
		}
		if bestAt >= 0 && at-bestAt > chirpEvery/4 {
			found, best, bestAt = append(found, bestAt), 0, -1
		}
	}
	if bestAt >= 0 {
		found = append(found, bestAt)
	}
	return found
}
