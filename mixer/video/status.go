package video

import "image"

// Status is how well a participant's pictures arrive.
type Status uint8

// What a tile shows of it.
const (
	OK           Status = iota
	Degraded            // pictures arrive, but badly: a sign beside the name
	Frozen              // none arrive: the last one is dimmed as well
	Disconnected        // the participant has no connection and may come back: the tile says so
)

const (
	// dimmed is how far a picture that does not move is moved towards black, of 255;
	// dimmedDisc is the same for a placeholder, which is darker.
	dimmed, dimmedDisc = 145, 95
	// reconnecting is what the tile of a participant without a connection says.
	reconnecting = "Reconnecting…"
)

// bars is a mobile telephone's sign for a weak signal, size pixels high and wide: of
// three bars one is full. None crosses the bars out.
func bars(size int, none bool) *image.Alpha {
	s := float64(size) / 16 // drawn on a field of 16×16
	bar := func(x, y float64, i int) float64 {
		left := 2 + 5*float64(i)
		return segment(x, y, left, 11.4-4.2*float64(i), left, 13.2, 1.6)
	}
	full := render(size, size, 255, func(x, y float64) float64 {
		x, y = x/s, y/s
		if none {
			return segment(x, y, 1.4, 2, 13, 13.6, 0.9) * s
		}
		return bar(x, y, 0) * s
	})
	faint := render(size, size, 110, func(x, y float64) float64 {
		x, y = x/s, y/s
		d := min(bar(x, y, 1), bar(x, y, 2))
		if none {
			d = max(min(d, bar(x, y, 0)), -segment(x, y, 1.4, 2, 13, 13.6, 2.1))
		}
		return d * s
	})
	for i, a := range faint.Pix {
		full.Pix[i] = max(full.Pix[i], a)
	}
	return full
}
