package video

import (
	"image"
	"strings"

	"tilemix/mixer/decor"
)

// take returns the place of something in a corner, behind what is there.
func (l *layer) take(c decor.Corner, size image.Point) image.Point {
	margin := l.unit() &^ 1
	at := image.Pt(margin, l.top+l.used[c])
	if c == decor.TopRight || c == decor.BottomRight {
		at.X = l.size.X - margin - size.X
	}
	if c == decor.BottomLeft || c == decor.BottomRight {
		at.Y = l.end - l.used[c] - size.Y
	}
	l.used[c] += size.Y + margin/2
	return evenPoint(at)
}

// write returns a text as a part.
func (l *layer) write(s string, px, width int, colour rgb) part {
	return part{mask: l.masks.get(maskKey{shape: shapeText, text: s, size: px, w: width, h: px * 17 / 10}), colour: colour}
}

// width returns how wide what is written is.
func (p *part) width() int {
	if p.mask.Alpha == nil {
		return 0
	}
	return p.mask.Rect.Dx()
}

// plate puts a ground behind an item.
func (l *layer) plate(i *item, s shape) {
	i.rect = image.Rectangle{Min: evenPoint(i.rect.Min), Max: evenPoint(i.rect.Max.Add(image.Pt(1, 1)))}
	m := l.masks.get(maskKey{shape: s, w: i.rect.Dx(), h: i.rect.Dy(), size: plateOpacity})
	i.parts[0] = part{mask: m, colour: black, at: i.rect.Min}
}

// banner is a text across the canvas.
func (l *layer) banner() {
	px, lines := l.bannerSize(), l.lines
	if len(lines) == 0 {
		return
	}
	i := &l.items[overlayBanner]
	step, pad := px*13/10, px/2
	height := (len(lines)*step + 2*pad + 1) &^ 1
	if l.shown.BannerOn == decor.Top {
		i.rect, l.top = image.Rect(0, 0, l.size.X, height), l.top+height
	} else {
		i.rect, l.end = image.Rect(0, l.size.Y-height, l.size.X, l.size.Y), l.end-height
	}
	l.plate(i, shapePlate)
	for n, line := range lines {
		p := l.write(line, px, l.size.X-4*px, white)
		p.at = image.Pt((l.size.X-p.width())/2, i.rect.Min.Y+pad+n*step-(px*17/10-step)/2)
		i.parts[1+n] = p
	}
}

// middle is the heading and the note, in the middle between banners. They stand on a plate where a picture
// is behind them.
func (l *layer) middle() {
	i := &l.items[overlayHeading]
	large, small := l.headingSize(), l.bannerSize()
	height := len(l.heading)*large*13/10 + len(l.note)*small*13/10
	y, widest := (l.top+l.end-height)/2, 0
	i.rect.Min.Y, i.rect.Max.Y = y-small, y+height+small
	n := 1
	lay := func(lines []string, px int, colour rgb) {
		for _, line := range lines {
			p := l.write(line, px, l.size.X*4/5, colour)
			p.at = image.Pt((l.size.X-p.width())/2, y-(px*17/10-px*13/10)/2)
			widest = max(widest, p.width())
			i.parts[n], n, y = p, n+1, y+px*13/10
		}
	}
	lay(l.heading, large, white)
	lay(l.note, small, mix(white, black, 20))
	if widest == 0 {
		*i = item{}
		return
	}
	i.rect.Min.X, i.rect.Max.X = (l.size.X-widest)/2-large, (l.size.X+widest)/2+large
	if l.backdrop != nil {
		l.plate(i, shapePlate)
	}
}

// code is the link as a QR code.
func (l *layer) code() {
	edge := min(l.size.X, l.size.Y) / 5 &^ 1
	m := l.masks.get(maskKey{shape: shapeCode, text: l.shown.Link, size: edge})
	if l.shown.Link == "" || m.Alpha == nil {
		return
	}
	at := l.take(decor.BottomRight, m.Rect.Size())
	i := &l.items[overlayCode]
	i.rect = image.Rectangle{Min: at, Max: at.Add(m.Rect.Size())}
	ground := l.masks.get(maskKey{shape: shapePlate, w: m.Rect.Dx(), h: m.Rect.Dy(), size: 255})
	i.parts[0], i.parts[1] = part{mask: ground, colour: white, at: at}, part{mask: m, colour: black, at: at}
}

// state says that the room is recorded, and the time.
func (l *layer) state() {
	o := &l.shown
	if !o.Recording && o.Clock == "" {
		return
	}
	px := l.unit()
	i, pad, height, x := &l.items[overlayState], px*7/10, px*17/10&^1, 0
	if o.Recording {
		dot := l.masks.get(maskKey{shape: shapeDisc, size: px * 6 / 10})
		i.parts[1] = part{mask: dot, colour: recordTint, at: image.Pt(pad, (height-px*6/10)/2)}
		i.parts[2] = l.write("REC", px, l.size.X, white)
		i.parts[2].at.X = pad + px
		x = px + i.parts[2].width()
	}
	if o.Clock != "" {
		if x > 0 {
			x += px
		}
		i.parts[3] = l.write(o.Clock, px, l.size.X/2, white)
		i.parts[3].at.X = pad + x
		widest := l.write(digits(o.Clock), px, l.size.X/2, white)
		x += max(widest.width(), i.parts[3].width())
	}
	size := image.Pt((x+2*pad+1)&^1, height)
	at := l.take(decor.TopLeft, size)
	for n := 1; n < len(i.parts); n++ {
		i.parts[n].at = i.parts[n].at.Add(at)
	}
	i.rect = image.Rectangle{Min: at, Max: at.Add(size)}
	l.plate(i, shapePill)
}

// digits returns a time of the same form, so that a clock keeps its width.
func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, s)
}

// person is the lower third: who speaks, and what it is.
func (l *layer) person() {
	if l.shown.Name == "" {
		return
	}
	px, small := l.unit()*3/2, l.unit()
	name := l.write(l.shown.Name, px, l.size.X/2, white)
	title := l.write(l.shown.Title, small, l.size.X/2, mix(white, black, 20))
	if name.mask.Alpha == nil {
		return
	}
	pad, bar := px/2, max(px/6&^1, 2)
	height := px*17/10 + pad/2
	if title.mask.Alpha != nil {
		height += small * 17 / 10
	}
	size := image.Pt((bar+max(name.width(), title.width())+2*pad+1)&^1, (height+1)&^1)
	at := l.take(decor.BottomLeft, size)
	i := &l.items[overlayPerson]
	i.rect = image.Rectangle{Min: at, Max: at.Add(size)}
	l.plate(i, shapePlate)
	line := l.masks.get(maskKey{shape: shapePlate, w: bar, h: size.Y, size: 255})
	i.parts[1] = part{mask: line, colour: voiceTint, at: at}
	name.at, title.at = at.Add(image.Pt(bar+pad, pad/4)), at.Add(image.Pt(bar+pad, pad/4+px*16/10))
	i.parts[2], i.parts[3] = name, title
}

// message is in the middle of the upper edge.
func (l *layer) message() {
	o := &l.shown
	if o.Message == "" {
		return
	}
	px := l.unit() * 5 / 4
	pad, height := px*8/10, px*17/10&^1
	text := l.write(o.Message, px, l.size.X/2, white)
	left := l.write(o.MessageFor, px, l.size.X/4, weakTint)
	width := text.width() + 2*pad
	if o.MessageFor != "" {
		widest := l.write(digits(o.MessageFor), px, l.size.X/4, weakTint)
		width += px/2 + max(widest.width(), left.width())
	}
	if text.mask.Alpha == nil {
		return
	}
	at := evenPoint(image.Pt((l.size.X-width)/2, l.top))
	if at.X < l.items[overlayState].rect.Max.X { // a narrow canvas
		at.Y += l.used[decor.TopLeft] &^ 1
	}
	i := &l.items[overlayMessage]
	i.rect = image.Rectangle{Min: at, Max: at.Add(image.Pt((width+1)&^1, height))}
	l.plate(i, shapePill)
	text.at, left.at = at.Add(image.Pt(pad, 0)), at.Add(image.Pt(pad+text.width()+px/2, 0))
	i.parts[1], i.parts[2] = text, left
}
