package vp8_test

import (
	"fmt"
	"image"
	"log"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/vp8"
	"tilemix/codec/yuv"
)

// A picture is encoded and decoded.
func Example() {
	encoder, err := vp8.NewEncoder(codec.VideoConfig{Width: 320, Height: 180, FrameRate: 30, Bitrate: 300_000})
	if err != nil {
		log.Fatal(err)
	}
	defer encoder.Close()
	decoder, err := vp8.NewDecoder(limit.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	defer decoder.Close()

	img := image.NewYCbCr(image.Rect(0, 0, 320, 180), image.YCbCrSubsampleRatio420)
	yuv.Fill(img, 81, 90, 240) // red
	unit, err := encoder.Encode(img, 0)
	if err != nil {
		log.Fatal(err)
	}
	shown, err := decoder.Decode(unit.Data)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("key frame:", unit.Key, vp8.IsKey(unit.Data))
	fmt.Println("decoded:", shown.Rect.Size())
	// Output:
	// key frame: true true
	// decoded: (320,180)
}
