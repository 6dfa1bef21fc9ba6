package video

import (
	"image"

	"golang.org/x/image/draw"

	"tilemix/codec/yuv"
	"tilemix/mixer/decor"
)

const (
	maxBannerLines = 3
	maxHeading     = 2 // lines
	maxNote        = 3
	plateOpacity   = 230 // of what texts stand on
)

// layer is what is drawn over the tiles. It is laid out anew when the overlays change, and painted
// where tiles or the background were drawn.
type layer struct {
	size   image.Point // of the canvas
	shown  decor.Overlays
	masks  maskCache
	items  [overlayKinds]item
	damage []image.Rectangle // where it has changed since Compose

	logo     *sticker // as in shown, in the size that it has on the canvas
	backdrop *image.YCbCr
	lines    []string // of the banner
	heading  []string
	note     []string
	used     [4]int // pixels of each corner that have something
	top, end int    // of the canvas between banners
}

// item is one overlay. It changed if it is no longer equal.
type item struct {
	rect  image.Rectangle
	parts [1 + 2*maxBannerLines]part
}

// part is painted at once.
type part struct {
	mask   mask
	colour rgb
	at     image.Point
}

// The overlays, from back to front.
const (
	overlayHeading = iota
	overlayLogo
	overlayCode
	overlayState
	overlayPerson
	overlayMessage
	overlayBanner
	overlayKinds
)

// show changes what is shown.
func (l *layer) show(o decor.Overlays) {
	if l.shown == o {
		return
	}
	was := l.shown
	l.shown = o
	if o.Backdrop != was.Backdrop || o.Colour != was.Colour {
		l.newBackdrop()
		l.damage = append(l.damage[:0], image.Rectangle{Max: l.size})
	}
	if o.Logo != was.Logo {
		l.newLogo()
	}
	if o.Banner != was.Banner {
		l.lines = l.masks.pen.Wrap(o.Banner, l.bannerSize(), l.size.X-4*l.bannerSize(), maxBannerLines)
	}
	if o.Heading != was.Heading || o.Note != was.Note {
		l.heading = l.masks.pen.Wrap(o.Heading, l.headingSize(), l.size.X*4/5, maxHeading)
		l.note = l.masks.pen.Wrap(o.Note, l.bannerSize(), l.size.X*4/5, maxNote)
	}
	before := l.items
	l.arrange()
	for i := range l.items {
		if l.items[i] != before[i] {
			l.damage = append(l.damage, before[i].rect, l.items[i].rect)
		}
	}
	l.masks.sweep()
}

// newBackdrop scales the picture behind the tiles so that it covers the canvas.
func (l *layer) newBackdrop() {
	l.backdrop = nil
	from := l.shown.Backdrop
	if from == nil || from.Rect.Empty() {
		return
	}
	l.backdrop = image.NewYCbCr(image.Rectangle{Max: l.size}, image.YCbCrSubsampleRatio420)
	crop := from.Rect
	w, h := crop.Dx(), crop.Dy()
	if w*l.size.Y > h*l.size.X {
		keep := h * l.size.X / l.size.Y
		crop.Min.X += (w - keep) / 2
		crop.Max.X = crop.Min.X + keep
	} else {
		keep := w * l.size.Y / l.size.X
		crop.Min.Y += (h - keep) / 2
		crop.Max.Y = crop.Min.Y + keep
	}
	src := yuv.View(from, crop)
	if src.Rect.Empty() {
		l.backdrop = nil
		return
	}
	yuv.Scale(l.backdrop, &src)
}

// newLogo scales the logo.
func (l *layer) newLogo() {
	l.logo = nil
	o := &l.shown.Logo
	if o.Picture == nil || o.Picture.Rect.Empty() {
		return
	}
	h := l.size.Y * o.Height / 100
	w := h * o.Picture.Rect.Dx() / o.Picture.Rect.Dy()
	if most := l.size.X / 2; w > most {
		w, h = most, most*o.Picture.Rect.Dy()/o.Picture.Rect.Dx()
	}
	if w < 2 || h < 2 {
		return
	}
	scaled := image.NewNRGBA(image.Rect(0, 0, w&^1, h&^1))
	draw.CatmullRom.Scale(scaled, scaled.Rect, o.Picture, o.Picture.Rect, draw.Src, nil)
	l.logo = newSticker(scaled, o.Opacity)
}

// unit is the size of small letters.
func (l *layer) unit() int { return max(min(l.size.X, l.size.Y)/32, 9) }

// bannerSize is the size of a banner's letters.
func (l *layer) bannerSize() int { return l.unit() * 5 / 4 }

// headingSize is the size of a heading's letters.
func (l *layer) headingSize() int { return l.unit() * 5 / 2 }

// arrange lays all overlays out.
func (l *layer) arrange() {
	l.items = [overlayKinds]item{}
	margin := l.unit() &^ 1
	l.top, l.end, l.used = margin, l.size.Y-margin, [4]int{}
	l.banner()
	l.middle()
	if s := l.logo; s != nil {
		at := l.take(l.shown.Logo.Corner, s.size)
		l.items[overlayLogo] = item{rect: image.Rectangle{Min: at, Max: at.Add(s.size)}}
		l.items[overlayLogo].parts[0] = part{mask: mask{emoji: s}, at: at}
	}
	l.code()
	l.state()
	l.person()
	l.message()
}

// paint paints what is over a part of the canvas.
func (l *layer) paint(canvas *image.YCbCr, clip image.Rectangle) {
	for n := range l.items {
		i := &l.items[n]
		if !i.rect.Overlaps(clip) {
			continue
		}
		v := yuv.View(canvas, clip)
		for _, p := range i.parts {
			p.mask.paint(&v, p.at, p.colour)
		}
	}
}

// hits tells whether the layer has changed over a part of the canvas.
func (l *layer) hits(r image.Rectangle) bool {
	for _, d := range l.damage {
		if d.Overlaps(r) {
			return true
		}
	}
	return false
}

// background paints what is behind the tiles.
func (l *layer) background(canvas *image.YCbCr, r image.Rectangle) {
	if l.backdrop == nil {
		fill(canvas, r, l.tint())
		return
	}
	dst, src := yuv.View(canvas, r), yuv.View(l.backdrop, r)
	copyPlane(dst.Y, src.Y, dst.YStride, src.YStride, dst.Rect.Dx(), dst.Rect.Dy())
	w, h := (dst.Rect.Dx()+1)/2, (dst.Rect.Dy()+1)/2
	copyPlane(dst.Cb, src.Cb, dst.CStride, src.CStride, w, h)
	copyPlane(dst.Cr, src.Cr, dst.CStride, src.CStride, w, h)
}

func copyPlane(dst, src []uint8, dstStride, srcStride, w, h int) {
	for y := range h {
		copy(dst[y*dstStride:][:w], src[y*srcStride:])
	}
}

// tint is the colour behind the tiles.
func (l *layer) tint() rgb {
	if l.shown.Colour == 0 {
		return canvasTint
	}
	return rgb(l.shown.Colour & 0xFFFFFF)
}

// through paints what is behind the tiles through a mask.
func (l *layer) through(canvas *image.YCbCr, s sprite) {
	if l.backdrop == nil || s.mask.Alpha == nil {
		s.mask.paint(canvas, s.at, l.tint())
		return
	}
	for y := range s.mask.Rect.Dy() {
		for x := range s.mask.Rect.Dx() {
			a := int(s.mask.Pix[y*s.mask.Stride+x])
			p := s.at.Add(image.Pt(x, y))
			if a == 0 || !p.In(canvas.Rect) {
				continue
			}
			i, j := canvas.YOffset(p.X, p.Y), canvas.COffset(p.X, p.Y)
			toward(&canvas.Y[i], l.backdrop.Y[l.backdrop.YOffset(p.X, p.Y)], a)
			if p.X%2 == 0 && p.Y%2 == 0 {
				k := l.backdrop.COffset(p.X, p.Y)
				toward(&canvas.Cb[j], l.backdrop.Cb[k], a)
				toward(&canvas.Cr[j], l.backdrop.Cr[k], a)
			}
		}
	}
}

// toward moves a sample towards another one by a part of 255.
func toward(d *uint8, to uint8, a int) { *d = uint8((int(*d)*(255-a) + int(to)*a + 127) / 255) }
