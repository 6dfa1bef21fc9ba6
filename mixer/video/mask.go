package video

import "image"

// shape says what a mask shows.
type shape uint8

const (
	shapePill shape = iota
	shapeText
	shapeDisc
	shapePerson
	shapeMicrophone
	shapeBars
	shapeNoBars
	shapeCorner // plus the corner's number
)

// maskKey is everything a mask depends on.
type maskKey struct {
	shape shape
	text  string
	size  int // font size, diameter or edge in pixels; of a corner, the mask's edge
	w, h  int // of a text, the most it may measure; of a corner, w is the radius
}

// maskCache keeps the masks that the tiles on the canvas are painted with.
type maskCache struct {
	face  typeface
	masks map[maskKey]*image.Alpha
	used  map[maskKey]*image.Alpha
}

// get returns the mask of key, rendered now if need be; nil when there is
// nothing to be seen.
func (c *maskCache) get(key maskKey) *image.Alpha {
	if m, ok := c.used[key]; ok {
		return m
	}
	m, ok := c.masks[key]
	if !ok {
		m = c.render(key)
	}
	c.used[key] = m
	return m
}

// sweep drops all masks that were not got since the last sweep.
func (c *maskCache) sweep() {
	c.masks, c.used = c.used, c.masks
	clear(c.used)
}

func (c *maskCache) render(key maskKey) *image.Alpha {
	switch key.shape {
	case shapePill:
		return pill(key.w, key.h)
	case shapeText:
		return c.face.text(key.text, key.size, key.w, key.h)
	case shapeDisc:
		return disc(key.size)
	case shapePerson:
		return person(key.size)
	case shapeMicrophone:
		return microphone(key.size)
	case shapeBars, shapeNoBars:
		return bars(key.size, key.shape == shapeNoBars)
	default:
		return corner(key.size, key.w, int(key.shape-shapeCorner))
	}
}

func newMaskCache(face typeface) maskCache {
	return maskCache{face: face, masks: map[maskKey]*image.Alpha{}, used: map[maskKey]*image.Alpha{}}
}
