package barcode_test

import (
	"image"
	"testing"

	"tilemix/codec/yuv"
	"tilemix/mcu/rtc/rtctest/barcode"
)

func TestEveryNumber(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 160, 90), image.YCbCrSubsampleRatio420)
	tile := image.Rect(40, 20, 144, 78)
	part := yuv.View(img, tile)
	for n := range barcode.Numbers {
		barcode.Paint(&part, n)
		if read, ok := barcode.Read(img, tile); !ok || read != n {
			t.Fatalf("%d is read as %d, %v", n, read, ok)
		}
	}
	yuv.Fill(img, 128, 128, 128)
	if n, ok := barcode.Read(img, tile); ok {
		t.Errorf("read %d where there is nothing", n)
	}
}
