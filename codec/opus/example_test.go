package opus_test

import (
	"fmt"
	"log"
	"math"

	"tilemix/codec/opus"
	"tilemix/codec/pcm"
)

// A tone is encoded and decoded. The packet in the middle is lost, and the one behind it has a
// copy of its sound (in-band FEC).
func Example() {
	encoder, err := opus.NewEncoder(48_000)
	if err != nil {
		log.Fatal(err)
	}
	defer encoder.Close()
	decoder, err := opus.NewDecoder()
	if err != nil {
		log.Fatal(err)
	}
	defer decoder.Close()
	if err := encoder.SetPacketLoss(20); err != nil { // so that packets have copies
		log.Fatal(err)
	}

	var packets [][]byte
	for n := range 10 {
		var block pcm.Block // 20 ms
		for i := range block {
			block[i] = float32(0.5 * math.Sin(2*math.Pi*440*float64(n*pcm.Samples+i)/pcm.Rate))
		}
		packet := make([]byte, 1275)
		size, err := encoder.Encode(packet, block[:])
		if err != nil {
			log.Fatal(err)
		}
		packets = append(packets, packet[:size])
	}
	sound := make([]float32, 6*pcm.Samples) // a packet has up to 120 ms
	for n, packet := range packets {
		if n == 5 { // lost
			err = decoder.Recover(sound[:pcm.Samples], packets[n+1])
		} else {
			_, err = decoder.Decode(sound, packet)
		}
		if err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println("a copy in the last packet:", opus.HasFEC(packets[9]))
	fmt.Println("samples in it:", opus.Samples(packets[9]))
	// Output:
	// a copy in the last packet: true
	// samples in it: 960
}
