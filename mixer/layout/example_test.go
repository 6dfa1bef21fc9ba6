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
	// ada (8,98)-(636,622)
	// bob (644,98)-(1272,622)
}
