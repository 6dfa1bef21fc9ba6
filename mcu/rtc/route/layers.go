package route

import (
	"image"
	"slices"
	"time"
)

const (
	// layerSilence is how long a layer may be silent until another stands in for it.
	layerSilence = time.Second
	// layerAsk is the least time between two requests for a layer's key frame.
	layerAsk = 500 * time.Millisecond
)

// size is that of a layer's pictures, in pixels; zero before a key frame has said it.
type size = image.Point

// layers are those of one section that have come.
type layers struct{ all []*lane }

// Want says how large the picture is shown, in pixels; zero is that nobody sees it. The
// smallest layer that covers it is read, from its next key frame on.
func (r *Router) Want(tile image.Point) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.want = tile
}

// bindLayer binds a lane to the layer that its packet names, or that it had named.
func (r *Router) bindLayer(l *lane, section *Section, rid string) bool {
	if rid == "" || !slices.Contains(section.RIDs, rid) {
		l.why = NoLayer
		return false
	}
	l.section, l.rid = section, rid
	all := r.layers[section.Mid]
	if all == nil {
		all = &layers{}
		r.layers[section.Mid] = all
	}
	all.all = slices.DeleteFunc(all.all, func(other *lane) bool { return other.rid == rid || other == l })
	all.all = append(all.all, l)
	return true
}

// layer takes a packet of a layer: it is handed on where the layer is read, and else looked at
// for a key frame, with which it can be.
func (r *Router) layer(l *lane, packet []byte, header int, format Format, now time.Time) {
	payload := packet[min(header, len(packet)):]
	begins, dimensions := keyFrame(format.Codec, payload)
	if dimensions != (size{}) {
		l.size = dimensions
	}
	if l.stream != nil {
		l.stream.push(packet, false, now)
		r.look(l, now)
		return
	}
	best := r.best(l.section, now)
	if best != l {
		return
	}
	if active := r.active[l.section.Mid]; !begins && active != nil {
		r.ask(l, now)
		return
	}
	if active := r.active[l.section.Mid]; active != nil {
		r.end(active)
	}
	r.start(l)
	l.stream.push(packet, false, now)
}

// look asks for the key frame with which a better layer begins, and for those that tell sizes.
func (r *Router) look(active *lane, now time.Time) {
	if best := r.best(active.section, now); best != active {
		r.ask(best, now)
	}
	for _, l := range r.layers[active.section.Mid].all {
		if l.size == (size{}) && now.Sub(l.last) < layerSilence {
			r.ask(l, now)
		}
	}
}

func (r *Router) ask(l *lane, now time.Time) {
	if now.Sub(l.asked) < layerAsk {
		return
	}
	l.asked = now
	r.events.KeyFrame(l.ssrc)
}

// best returns the layer to be read: the smallest that covers the tile, else the largest, of
// those that come. The one that is read stays where nothing better is known.
func (r *Router) best(section *Section, now time.Time) (best *lane) {
	for _, l := range r.layers[section.Mid].all {
		if now.Sub(l.last) > layerSilence {
			continue
		}
		if best == nil || r.better(l, best) {
			best = l
		}
	}
	return best
}

// better tells whether a is to be read rather than b.
func (r *Router) better(a, b *lane) bool {
	if a.size == (size{}) || b.size == (size{}) {
		if a.size == b.size {
			return a.stream != nil
		}
		return b.size == (size{})
	}
	covers := func(l *lane) bool { return l.size.X >= r.want.X && l.size.Y >= r.want.Y }
	if covers(a) != covers(b) {
		return covers(a)
	}
	return covers(a) == (a.size.X*a.size.Y < b.size.X*b.size.Y)
}
