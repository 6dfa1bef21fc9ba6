package layout_test

import (
	"fmt"
	"image"

	"tilemix/mixer/layout"
)

func ExampleGrid() {
	sources := []layout.Source{
		{ID: layout.SourceID{Participant: "ada"}},
		{ID: layout.SourceID{Participant: "bob"}},
	}
	for _, t := range layout.Grid(image.Pt(1280, 720), sources) {
		fmt.Println(t.Source.Participant, t.Rect)
	}
	// Output:
	// ada (10,184)-(636,536)
	// bob (644,184)-(1270,536)
}
