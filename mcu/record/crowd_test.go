package record

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"tilemix/codec"
	"tilemix/mcu/media"
)

// crowdSize is how many participants of a large room speak and are seen.
const crowdSize = 120

// crowd sends what a large room sends in a span of time, in pace with the clock or all at once.
func crowd(tr *tracks, length time.Duration, pace bool) {
	ids := make([]string, crowdSize)
	for i := range ids {
		ids[i] = fmt.Sprint("p", i)
		tr.Joined(ids[i], ids[i], 0)
	}
	began := time.Now()
	picture := uint64(0)
	for at := time.Duration(0); at < length; at += 20 * time.Millisecond {
		if pace {
			time.Sleep(time.Until(began.Add(at))) // in pace with the clock
			if late := time.Since(began.Add(at)); late > 20*time.Millisecond {
				began = began.Add(late) // a room sends no faster after the machine has stood still
			}
		}
		packet := []byte{0xf8, 1, 2, 3, 4, 5, 6, 7}
		for _, id := range ids {
			tr.Sound(id, packet, media.Time{Arrived: at, Timestamp: uint32(at / time.Millisecond * 48)})
		}
		if at < time.Duration(picture)*time.Second/30 {
			continue
		}
		picture++
		au := numberedPicture(int(picture), picture == 1)
		for _, id := range ids[:25] { // those with a tile
			tr.Picture(id, codec.H264, picture, au, picture == 1, media.Time{Arrived: at})
		}
	}
}

// TestCrowd records the tracks of a large room, in which all speak from the first instant: nothing is
// dropped while their files are made.
func TestCrowd(t *testing.T) {
	tr := testTracks(t)
	var running sync.WaitGroup
	running.Go(tr.run)
	crowd(tr, 2500*time.Millisecond, true)
	close(tr.stop)
	running.Wait()
	if n := tr.lost.Load(); n > 0 {
		t.Errorf("%d of a large room's packets and pictures were dropped", n)
	}
	files := leftFiles(t, tr.dir)
	if len(files) != crowdSize+25 {
		t.Errorf("there are %d files", len(files))
	}
}

// TestCrowdWaits has the disk stand still while a large room begins to speak.
func TestCrowdWaits(t *testing.T) {
	tr := testTracks(t)
	crowd(tr, 2*time.Second, false)
	if n := tr.lost.Load(); n > 0 {
		t.Errorf("%d were dropped in two seconds", n)
	}
	close(tr.stop)
	tr.run()
	if all := tr.Everybody(); len(all) != crowdSize || len(all[crowdSize-1].Tracks) != 1 {
		t.Errorf("there are %d participants", len(all))
	}
}
