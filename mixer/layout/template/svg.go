package template

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// preview is the width of a preview, in pixels.
const preview = 320

// SVG returns a preview of all groups, one under the other, with whom each slot takes.
func (t *Template) SVG() []byte {
	w, h := 16, 9
	_, _ = fmt.Sscanf(t.Canvas, "%d:%d", &w, &h)
	high := min(max(preview*h/w, 40), 4*preview)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="11">`, preview+16, len(t.Groups)*(high+28)+8)
	for i := range t.Groups {
		g := &t.Groups[i]
		top := i*(high+28) + 22
		title := "any number"
		if g.Max > 0 {
			title = fmt.Sprintf("up to %d", g.Max)
		}
		fmt.Fprintf(&b, `<text x="8" y="%d" fill="#555">%s</text>`, top-6, title)
		fmt.Fprintf(&b, `<rect x="8" y="%d" width="%d" height="%d" fill="%s"/>`, top, preview, high, cmp.Or(t.Background, "#101418"))
		slots := slices.Clone(g.Slots)
		slices.SortStableFunc(slots, func(a, b Slot) int { return cmp.Compare(a.Z, b.Z) })
		for _, s := range slots {
			x, y := 8+s.At[0]*preview, float64(top)+s.At[1]*float64(high)
			fmt.Fprintf(&b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="%d" fill="#3b6fb5" stroke="#fff"/>`,
				x, y, s.At[2]*preview, s.At[3]*float64(high), min(s.Radius, 40))
			fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" fill="#fff">%s</text>`, x+4, y+13, escaped(s.title()))
		}
	}
	b.WriteString(`</svg>`)
	return []byte(b.String())
}

// title is what a preview says in a slot.
func (s *Slot) title() string {
	title := cmp.Or(s.Who, "rest")
	if s.Grid {
		title += " (grid)"
	}
	return title
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
