package text

import (
	"bytes"
	"image"
	"image/png"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/draw"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// maxEmoji is the edge of the largest picture that a font may have of a character, in pixels.
const maxEmoji = 1024

// brush fills outlines.
type brush struct{ vector.Rasterizer }

// draw draws a line, whose first glyph begins at dot.
func (b *brush) draw(l line, dot fixed.Point26_6, bounds image.Rectangle) Line {
	drawn := Line{Mask: image.NewAlpha(bounds)}
	for i := range l {
		run := &l[i]
		b.Reset(bounds.Dx(), bounds.Dy())
		scale := float32(run.Size) / 64 / float32(run.Face.Upem())
		for _, g := range run.Glyphs {
			at := fixed.Point26_6{X: dot.X + g.XOffset, Y: dot.Y - g.YOffset}
			switch data := run.Face.GlyphData(g.GlyphID).(type) {
			case font.GlyphOutline:
				b.outline(data.Segments, at, scale)
			case font.GlyphSVG:
				b.outline(data.Outline.Segments, at, scale)
			case font.GlyphBitmap:
				drawn.picture(&data, &g, at)
			case font.GlyphColor:
				if data, ok := run.Face.GlyphDataOutline(g.GlyphID); ok {
					b.outline(data.Segments, at, scale)
				}
			}
			dot.X += g.Advance
		}
		b.Draw(drawn.Mask, bounds, image.Opaque, image.Point{})
	}
	return drawn
}

// outline adds a glyph to what is filled next.
func (b *brush) outline(all []opentype.Segment, at fixed.Point26_6, scale float32) {
	x, y := float32(at.X)/64, float32(at.Y)/64
	point := func(p opentype.SegmentPoint) (float32, float32) { return x + p.X*scale, y - p.Y*scale }
	for _, s := range all {
		ax, ay := point(s.Args[0])
		px, py := point(s.Args[1])
		cx, cy := point(s.Args[2])
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			b.ClosePath()
			b.MoveTo(ax, ay)
		case opentype.SegmentOpLineTo:
			b.LineTo(ax, ay)
		case opentype.SegmentOpQuadTo:
			b.QuadTo(ax, ay, px, py)
		case opentype.SegmentOpCubeTo:
			b.CubeTo(ax, ay, px, py, cx, cy)
		}
	}
	b.ClosePath()
}

// picture draws the picture that a font has of a character.
func (l *Line) picture(data *font.GlyphBitmap, g *shaping.Glyph, at fixed.Point26_6) {
	if data.Format != font.PNG || data.Width > maxEmoji || data.Height > maxEmoji {
		return
	}
	config, err := png.DecodeConfig(bytes.NewReader(data.Data))
	if err != nil || config.Width > maxEmoji || config.Height > maxEmoji {
		return
	}
	img, err := png.Decode(bytes.NewReader(data.Data))
	if err != nil {
		return
	}
	if l.Emoji == nil {
		l.Emoji = image.NewNRGBA(l.Mask.Rect)
	}
	place := image.Rect((at.X + g.XBearing).Round(), (at.Y - g.YBearing).Round(),
		(at.X + g.XBearing + g.Width).Round(), (at.Y - g.YBearing - g.Height).Round())
	draw.CatmullRom.Scale(l.Emoji, place, img, img.Bounds(), draw.Over, nil)
}
