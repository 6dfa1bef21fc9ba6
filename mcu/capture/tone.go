package capture

import (
	"errors"
	"fmt"

	"github.com/pion/mediadevices/pkg/driver"
	_ "github.com/pion/mediadevices/pkg/driver/audiotest" // registers the test tone
	"github.com/pion/mediadevices/pkg/io/audio"
	"github.com/pion/mediadevices/pkg/prop"
	"github.com/pion/mediadevices/pkg/wave"

	"tilemix/codec/pcm"
)

// tone is mediadevices' test sound.
type tone struct {
	driver driver.Driver
	reader audio.Reader
}

func openTone() (Microphone, error) {
	for _, d := range driver.GetManager().Query(driver.FilterAudioRecorder()) {
		recorder, ok := d.(driver.AudioRecorder)
		if !ok || d.Info().Label != "AudioTest" {
			continue
		}
		if err := d.Open(); err != nil {
			return nil, fmt.Errorf("open the test tone: %w", err)
		}
		reader, err := recorder.AudioRecord(prop.Media{Audio: prop.Audio{
			SampleRate: pcm.Rate, ChannelCount: 1, Latency: pcm.Duration,
		}})
		if err != nil {
			return nil, fmt.Errorf("start the test tone: %w", err)
		}
		return &tone{d, reader}, nil
	}
	return nil, errors.New("the test tone is not built in")
}

// Read implements Microphone.
func (t *tone) Read(block *pcm.Block) error {
	chunk, release, err := t.reader.Read()
	if err != nil {
		return fmt.Errorf("read the test tone: %w", err)
	}
	defer release()
	sound, ok := chunk.(*wave.Float32Interleaved)
	if !ok || copy(block[:], sound.Data) != len(block) {
		return fmt.Errorf("read the test tone: a chunk of %d samples, %T", chunk.ChunkInfo().Len, chunk)
	}
	return nil
}

// Close implements Microphone.
func (t *tone) Close() error { return t.driver.Close() }
