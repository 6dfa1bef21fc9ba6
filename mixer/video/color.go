package video

// rgb is a colour as 0xRRGGBB, non-linear (sRGB).
type rgb uint32

const (
	white      rgb = 0xFFFFFF
	black      rgb = 0x000000
	canvasTint rgb = 0x0D1014 // between tiles
	tileTint   rgb = 0x1A1F27 // behind boxed pictures
	voiceTint  rgb = 0x3DDC84 // border around whoever speaks
	frameTint  rgb = 0xE8EAED // border of a layout
	mutedTint  rgb = 0xFF7D73 // crossed microphone
	recordTint rgb = 0xFF4D4D // dot of the badge for a recording
	weakTint   rgb = 0xFFC857 // bars of a weak line
)

// palette is for placeholders. White stands out from each of them by a contrast
// of at least 4.5:1 (WCAG 2.2 §1.4.3).
var palette = [...]rgb{
	0x4C63D9, 0x0F7490, 0x2B7A58, 0x8052CC, 0xB93F78, 0xAD4F28,
	0x8A6100, 0x2F6FA8, 0x5A6C80, 0x95408F, 0xB04549, 0x4A7729,
}

// tintOf returns the colour of a participant's placeholder. It depends on the
// ID alone, so that it is the same in every room and on every server.
func tintOf(id string) rgb {
	h := uint64(14695981039346656037) // FNV-1a; hash/fnv allocates
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return palette[(h^h>>32)%uint64(len(palette))]
}

// mix returns a with the given percentage of b.
func mix(a, b rgb, percent int) rgb {
	var m rgb
	for shift := 0; shift < 24; shift += 8 {
		x, y := int(a>>shift&0xFF), int(b>>shift&0xFF)
		m |= rgb((x*(100-percent)+y*percent+50)/100) << shift
	}
	return m
}

// ycbcr converts to BT.601, limited range (ITU-R BT.601 §3.5, 8 bits).
func (c rgb) ycbcr() (y, cb, cr uint8) {
	r, g, b := float64(c>>16&0xFF)/255, float64(c>>8&0xFF)/255, float64(c&0xFF)/255
	return uint8(16.5 + 65.481*r + 128.553*g + 24.966*b),
		uint8(128.5 - 37.797*r - 74.203*g + 112*b),
		uint8(128.5 + 112*r - 93.786*g - 18.214*b)
}
