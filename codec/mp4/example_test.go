package mp4_test

import (
	"bytes"
	"fmt"
	"time"

	"tilemix/codec/mp4"
)

func ExampleWriter() {
	var file bytes.Buffer
	cfg := mp4.Default()
	cfg.Video = false
	w := mp4.NewWriter(&file, cfg)
	packet := []byte{0x78, 1, 2, 3} // 20 ms of Opus
	for n := range 150 {
		if err := w.WriteAudio(packet, time.Duration(n)*20*time.Millisecond); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("in whole fragments:", w.Written())
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}
	fmt.Println("after Close:", w.Length(), w.Size() == int64(file.Len()))
	// Output:
	// in whole fragments: 2s
	// after Close: 3s true
}
