package video

import (
	"image"

	"tilemix/mixer/text"
)

// shape says what a mask shows.
type shape uint8

const (
	shapePill shape = iota
	shapeText
	shapeInitials // of the text
	shapeDisc
	shapePerson
	shapeMicrophone
	shapeBars
	shapeNoBars
	shapeHand
	shapePlate  // a rectangle of an opacity
	shapeCode   // a QR code
	shapeCorner // plus the corner's number
)

// maskKey is everything a mask depends on.
type maskKey struct {
	shape shape
	text  string
	size  int // font size, diameter or edge in pixels; of a corner, the mask's edge
	w, h  int // of a text, the most it may measure; of a corner, w is the radius
}

// mask is what is painted: a colour through an alpha mask, and over it the emoji of a text. Both
// may be nil.
type mask struct {
	*image.Alpha
	emoji *sticker
}

// maskCache keeps the masks that the tiles on the canvas are painted with.
type maskCache struct {
	pen   *text.Writer
	masks map[maskKey]mask
	used  map[maskKey]mask
}

// get returns the mask of key, rendered now if need be; an empty one when there
// is nothing to be seen.
func (c *maskCache) get(key maskKey) mask {
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

func (c *maskCache) render(key maskKey) mask {
	switch key.shape {
	case shapeText:
		return written(c.pen, key.text, key.size, key.w, key.h)
	case shapeInitials:
		return written(c.pen, c.pen.Initials(key.text), key.size, key.w, key.h)
	}
	return mask{Alpha: key.draw()}
}

// written returns a text on one line (see text.Writer.Line).
func written(pen *text.Writer, s string, px, width, height int) mask {
	l := pen.Line(s, px, width, height)
	if l.Emoji == nil {
		return mask{Alpha: l.Mask}
	}
	return mask{l.Mask, newSticker(l.Emoji, 255)}
}

// draw returns the mask of a shape.
func (key *maskKey) draw() *image.Alpha {
	switch key.shape {
	case shapePill:
		return pill(key.w, key.h)
	case shapeDisc:
		return disc(key.size)
	case shapePerson:
		return person(key.size)
	case shapeMicrophone:
		return microphone(key.size)
	case shapeHand:
		return hand(key.size)
	case shapePlate:
		return plate(key.w, key.h, uint8(key.size))
	case shapeCode:
		return code(key.text, key.size)
	case shapeBars, shapeNoBars:
		return bars(key.size, key.shape == shapeNoBars)
	default:
		return corner(key.size, key.w, int(key.shape-shapeCorner))
	}
}

func newMaskCache(pen *text.Writer) maskCache {
	return maskCache{pen: pen, masks: map[maskKey]mask{}, used: map[maskKey]mask{}}
}
