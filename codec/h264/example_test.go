package h264_test

import (
	"fmt"
	"image"
	"log"

	"tilemix/codec"
	"tilemix/codec/h264"
	"tilemix/codec/limit"
	"tilemix/codec/yuv"
)

// A picture is encoded and decoded. OpenH264 is loaded once in a process.
func Example() {
	if err := h264.Open(""); err != nil {
		log.Fatal(err)
	}
	encoder, err := h264.NewEncoder(codec.VideoConfig{Width: 320, Height: 180, FrameRate: 30, Bitrate: 300_000})
	if err != nil {
		log.Fatal(err)
	}
	defer encoder.Close()
	decoder, err := h264.NewDecoder(limit.Limits{})
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
	fmt.Println("key frame:", unit.Key, h264.IsIDR(unit.Data))
	fmt.Println("decoded:", shown.Rect.Size())
	// Output:
	// key frame: true true
	// decoded: (320,180)
}

func ExampleNALs() {
	unit := []byte{0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 1, 0x65, 4, 5}
	for nal := range h264.NALs(unit) {
		fmt.Printf("type %d, %d bytes\n", nal[0]&0x1f, len(nal))
	}
	// Output:
	// type 7, 3 bytes
	// type 8, 2 bytes
	// type 5, 3 bytes
}
