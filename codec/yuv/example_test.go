package yuv_test

import (
	"fmt"

	"tilemix/codec/yuv"
)

// A pool bounds how many pictures are in memory. The owner of a frame releases it.
func ExamplePool() {
	pool := yuv.NewPool(2)
	large, small := pool.Get(1280, 720), pool.Get(320, 180)
	fmt.Println("no third:", pool.Get(320, 180) == nil)

	yuv.Fill(&large.YCbCr, 81, 90, 240)
	yuv.Scale(&small.YCbCr, &large.YCbCr)
	fmt.Println("luma:", small.Y[0])

	large.Release()
	small.Release()
	fmt.Println("live:", pool.Live())
	// Output:
	// no third: true
	// luma: 81
	// live: 0
}
