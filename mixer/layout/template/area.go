package template

import (
	"encoding/json"
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"
)

// hair is what rounding of fractions may add: two thirds and a third are a whole.
const hair = 1e-6

// Area is a rectangle in fractions of the canvas: left, top, width, height.
type Area [4]float64

// UnmarshalJSON reads four fractions, each a number or a text such as "3/4".
func (a *Area) UnmarshalJSON(data []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) != len(a) {
		return Error{"at", fmt.Sprintf("%.60s is not left, top, width and height, as [0, 0, \"1/2\", 1]", data)}
	}
	for i, part := range parts {
		text := string(part)
		if strings.HasPrefix(text, `"`) {
			if err := json.Unmarshal(part, &text); err != nil {
				return Error{"at", fmt.Sprintf("%.40s is no fraction", part)}
			}
		}
		v, err := fraction(text)
		if err != nil {
			return Error{"at", err.Error()}
		}
		a[i] = v
	}
	return nil
}

// MarshalJSON writes numbers, of as few digits as tell pixels apart.
func (a Area) MarshalJSON() ([]byte, error) {
	parts := make([]float64, len(a))
	for i, v := range a {
		parts[i] = math.Round(v*1e6) / 1e6
	}
	return json.Marshal(parts)
}

// fraction reads "3/4" or "0.75".
func fraction(text string) (float64, error) {
	over, under, divided := strings.Cut(strings.TrimSpace(text), "/")
	v, err := strconv.ParseFloat(over, 64)
	if divided && err == nil {
		var by float64
		if by, err = strconv.ParseFloat(under, 64); err == nil && by == 0 {
			return 0, fmt.Errorf("%.40q divides by nothing", text)
		}
		v /= by
	}
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%.40q is no fraction such as \"3/4\" or 0.75", text)
	}
	return v, nil
}

// fault tells why no tile can have the area; "" is none.
func (a Area) fault() string {
	switch {
	case !(a[2] > 0 && a[3] > 0): // also what is no number
		return fmt.Sprintf("width %.4g and height %.4g have to be more than 0", a[2], a[3])
	case !(a[0] >= 0 && a[1] >= 0 && a[0]+a[2] <= 1+hair && a[1]+a[3] <= 1+hair):
		return fmt.Sprintf("it is outside of the canvas: from %.4g, %.4g to %.4g, %.4g, and the canvas ends at 1", a[0], a[1], a[0]+a[2], a[1]+a[3])
	}
	return ""
}

// overlaps tells whether two areas have more in common than an edge.
func (a Area) overlaps(b Area) bool {
	apart := func(i int) bool { return a[i]+a[i+2] <= b[i]+hair || b[i]+b[i+2] <= a[i]+hair }
	return !apart(0) && !apart(1)
}

// on returns the area in even pixels of a canvas.
func (a Area) on(canvas image.Point) image.Rectangle {
	edge := func(f float64, length int) int {
		return min(max(int(math.Floor(f*float64(length)/2+0.5+hair))*2, 0), length&^1)
	}
	return image.Rectangle{
		Min: image.Pt(edge(a[0], canvas.X), edge(a[1], canvas.Y)),
		Max: image.Pt(edge(a[0]+a[2], canvas.X), edge(a[1]+a[3], canvas.Y)),
	}
}
