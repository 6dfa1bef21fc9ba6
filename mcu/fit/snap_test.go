package fit

import (
	"image"
	"testing"
)

func TestSnap(t *testing.T) {
	for _, c := range []struct {
		name        string
		crop, place image.Rectangle
		want        image.Rectangle
	}{
		{"as large", image.Rect(0, 0, 418, 236), image.Rect(0, 0, 418, 236), image.Rect(0, 0, 418, 236)},
		{"hardly larger", image.Rect(0, 0, 424, 240), image.Rect(0, 0, 418, 236), image.Rect(2, 2, 420, 238)},
		{"hardly more than double", image.Rect(0, 0, 1280, 720), image.Rect(0, 0, 632, 356), image.Rect(0, 0, 1280, 720)},
		{"four times", image.Rect(0, 0, 1024, 576), image.Rect(0, 0, 256, 144), image.Rect(0, 0, 1024, 576)},
		{"one pair of columns off", image.Rect(2, 0, 424, 240), image.Rect(0, 0, 418, 236), image.Rect(4, 2, 422, 238)},
		{"already cropped", image.Rect(100, 50, 524, 290), image.Rect(0, 0, 418, 236), image.Rect(100, 50, 524, 290)},
		{"4:3", image.Rect(0, 60, 640, 420), image.Rect(0, 0, 618, 348), image.Rect(0, 60, 640, 420)},
		{"4:3 that fits", image.Rect(0, 60, 640, 420), image.Rect(0, 0, 320, 180), image.Rect(0, 60, 640, 420)},
		{"double and a little more", image.Rect(0, 0, 1280, 720), image.Rect(0, 0, 618, 348), image.Rect(0, 0, 1280, 720)},
		{"too much would go", image.Rect(0, 0, 256, 144), image.Rect(0, 0, 238, 134), image.Rect(0, 0, 256, 144)},
		{"smaller", image.Rect(0, 0, 320, 180), image.Rect(0, 0, 418, 236), image.Rect(0, 0, 320, 180)},
	} {
		if got := snap(c.crop.Max.Add(c.crop.Min), c.crop, c.place.Size()); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
