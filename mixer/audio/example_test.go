package audio_test

import (
	"fmt"

	"tilemix/codec/pcm"
	"tilemix/mixer/audio"
)

// Three speak. A listener hears all of them, and each speaker hears the other two.
func ExampleMixer() {
	var ada, ben, cid pcm.Block
	ada[0], ben[0], cid[0] = 0.5, 0.25, 0.125

	var m audio.Mixer
	m.Reset()
	for _, voice := range []*pcm.Block{&ada, &ben, &cid} {
		m.Add(voice)
	}
	var all, toAda pcm.Block
	m.Mix(&all)
	m.Minus(&toAda, &ada)
	fmt.Println(all[0], toAda[0])
	// Output:
	// 0.875 0.375
}
