package uplink_test

import (
	"image"
	"testing"

	"pgregory.net/rapid"

	"tilemix/mcu/uplink"
)

// TestAnyTile asks for a picture of even sides that covers the tile up to the most that a camera or a
// screen may send, and for no fewer bits where the tile is larger.
func TestAnyTile(t *testing.T) {
	for name, kind := range map[string]struct {
		ask  func(image.Point, int) uplink.Constraints
		most image.Point
	}{"camera": {uplink.For, image.Pt(1280, 720)}, "screen": {uplink.ForScreen, image.Pt(1920, 1080)}} {
		rapid.Check(t, func(t *rapid.T) {
			side := rapid.IntRange(-2, 4000)
			tile, rate := image.Pt(side.Draw(t, "width"), side.Draw(t, "height")), rapid.IntRange(1, 60).Draw(t, "rate")
			got := kind.ask(tile, rate)
			if tile.X <= 0 || tile.Y <= 0 {
				if got != (uplink.Constraints{}) {
					t.Fatalf("%s: no tile needs %+v", name, got)
				}
				return
			}
			if got.Size.X%2 != 0 || got.Size.Y%2 != 0 || got.FrameRate != rate || got.Bitrate < 50_000 || got.Bitrate%10_000 != 0 {
				t.Fatalf("%s: a tile of %v needs %+v", name, tile, got)
			}
			if got.Size.X < min(tile.X, kind.most.X) || got.Size.Y < min(tile.Y, kind.most.Y) || got.Size.X > max(tile.X+1, 160) || got.Size.Y > max(tile.Y+1, 90) {
				t.Fatalf("%s: a tile of %v is not covered by %v, or by too much", name, tile, got.Size)
			}
			if got.Size.X > kind.most.X || got.Size.Y > kind.most.Y {
				t.Fatalf("%s: a tile of %v needs %v", name, tile, got.Size)
			}
			more := kind.ask(tile.Add(image.Pt(rapid.IntRange(0, 400).Draw(t, "wider"), rapid.IntRange(0, 400).Draw(t, "higher"))), rate)
			if more.Bitrate < got.Bitrate || more.Size.X < got.Size.X || more.Size.Y < got.Size.Y {
				t.Fatalf("%s: a tile larger than %v needs %+v and not %+v", name, tile, more, got)
			}
		})
	}
}
