package aac

import (
	"encoding/binary"
	"time"

	"tilemix/codec/pcm"
)

// encode gives FFmpeg a packet.
func (v *Transcoder) encode(packet []byte, at time.Duration) error {
	if !v.begun {
		v.begin(at)
	}
	due := samples(at - v.began)
	for v.fed+slack < due {
		v.silence()
		if took, err := v.feed(); err != nil || !took {
			return err
		}
	}
	if v.fed > due+slack { // it is there already
		return nil
	}
	if n, err := v.dec.Decode(v.sound[:], packet); err != nil || n < pcm.Samples {
		v.silence()
	} else if v.cfg.Channels == 2 {
		v.dec.Sides(v.sound[:pcm.Samples], v.side[:], v.rest[:])
	}
	_, err := v.feed()
	return err
}

// silence makes the next 20 ms silent.
func (v *Transcoder) silence() {
	clear(v.sound[:pcm.Samples])
	v.side, v.rest = pcm.Block{}, pcm.Block{}
}

// begin has the sound begin with the stream, unless it is much later.
func (v *Transcoder) begin(at time.Duration) {
	v.begun, v.began = true, at-seconds(v.fed)
	if v.cfg.Begin == nil {
		return
	}
	first := v.cfg.Begin()
	if early := samples(at - first); v.revived == 0 && early >= 0 && early < pcm.Rate {
		v.began = first
		v.lead = early % pcm.Samples
		v.fed = v.lead
	}
}

// feed gives 20 ms to FFmpeg, unless that is too slow for a live stream, and puts what it has made.
func (v *Transcoder) feed() (took bool, err error) {
	v.fill()
	select {
	case v.blocks <- v.raw:
		v.fed += pcm.Samples
		v.took = time.Now()
		return true, v.drain()
	default:
	}
	if !v.cfg.Live {
		v.fed += pcm.Samples
		return true, v.wait()
	}
	if err = v.drain(); err == nil && time.Since(v.took) > v.cfg.Patience {
		err = errStopped
	}
	return false, err
}

// wait gives the block to FFmpeg as soon as that takes it.
func (v *Transcoder) wait() error {
	late := time.NewTimer(v.cfg.Patience)
	defer late.Stop()
	for {
		select {
		case v.blocks <- v.raw:
			return nil
		case frame, ok := <-v.frames:
			if !ok {
				return errStopped
			}
			if err := v.put(frame); err != nil {
				return err
			}
		case <-late.C:
			return errStopped
		}
	}
}

// fill makes the next block of the sound.
func (v *Transcoder) fill() {
	for i, x := range v.sound[:pcm.Samples] {
		x += v.rest[i]
		v.put16(v.cfg.Channels*i, x+v.side[i])
		if v.cfg.Channels == 2 {
			v.put16(2*i+1, x-v.side[i])
		}
	}
}

// put16 puts a sample into the next block.
func (v *Transcoder) put16(at int, x float32) {
	binary.LittleEndian.PutUint16(v.raw[2*at:], uint16(int16(max(-1, min(x, 1))*32767)))
}

// drain puts the frames that are there.
func (v *Transcoder) drain() error {
	for {
		select {
		case frame, ok := <-v.frames:
			if !ok {
				return errStopped
			}
			if err := v.put(frame); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// put puts a frame where its sound belongs.
func (v *Transcoder) put(frame []byte) error {
	at := v.made - priming
	v.made += Frame
	if at < 0 || at >= v.fed {
		return nil
	}
	return v.cfg.Put(frame, v.began+seconds(at))
}

func samples(d time.Duration) int64 {
	return int64(d/time.Second)*pcm.Rate + int64(d%time.Second)*pcm.Rate/int64(time.Second)
}

func seconds(samples int64) time.Duration {
	return time.Duration(samples/pcm.Rate)*time.Second + time.Duration(samples%pcm.Rate)*time.Second/pcm.Rate
}
