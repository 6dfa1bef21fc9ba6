package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"

	"github.com/gen2brain/malgo"

	"tilemix/codec/pcm"
)

// microphone is a microphone of the machine, by ALSA, PulseAudio or JACK. A thread of miniaudio
// fills blocks, and drops those that Read does not take in time.
type microphone struct {
	ctx     context.Context //nolint:containedctx // the device's life is that of Read
	system  *malgo.AllocatedContext
	device  *malgo.Device
	blocks  chan pcm.Block
	stopped chan struct{}
	halted  atomic.Bool
	pending []float32 // owned by miniaudio's thread
}

var errStopped = errors.New("the microphone has stopped")

// openMicrophone opens the microphone whose name has name in it, or the default one.
func openMicrophone(ctx context.Context, name string) (Microphone, error) {
	// Without the null backend, a machine that has no sound says so.
	system, err := malgo.InitContext([]malgo.Backend{malgo.BackendPulseaudio, malgo.BackendAlsa, malgo.BackendJack},
		malgo.ContextConfig{}, nil)
	if err != nil {
		return nil, missing("microphone", name, nil)
	}
	m := &microphone{ctx: ctx, system: system, blocks: make(chan pcm.Block, 10), stopped: make(chan struct{})}
	if err := m.open(name); err != nil {
		m.free()
		return nil, err
	}
	return m, nil
}

func (m *microphone) open(name string) error {
	devices, err := m.system.Devices(malgo.Capture)
	if err != nil {
		return fmt.Errorf("list microphones: %w", err)
	}
	var there []string
	config := malgo.DefaultDeviceConfig(malgo.Capture)
	config.SampleRate = pcm.Rate
	config.PeriodSizeInMilliseconds = uint32(pcm.Duration.Milliseconds())
	config.Capture.Format = malgo.FormatF32
	config.Capture.Channels = 1
	found := false
	for i := range devices {
		there = append(there, fmt.Sprintf("%q", devices[i].Name()))
		if !found && (name == "default" && devices[i].IsDefault != 0 || strings.Contains(devices[i].Name(), name)) {
			found = true
			config.Capture.DeviceID = devices[i].ID.Pointer()
		}
	}
	if !found && (name != "default" || len(devices) == 0) {
		return missing("microphone", name, there)
	}
	m.device, err = malgo.InitDevice(m.system.Context, config, malgo.DeviceCallbacks{Data: m.take, Stop: m.halt})
	if err != nil {
		return fmt.Errorf("open microphone %s: %w; there are %s", name, err, strings.Join(there, ", "))
	}
	if err := m.device.Start(); err != nil {
		return fmt.Errorf("start microphone %s: %w", name, err)
	}
	return nil
}

// take is called by miniaudio's thread with samples that are valid meanwhile.
func (m *microphone) take(_, samples []byte, _ uint32) {
	for ; len(samples) >= 4; samples = samples[4:] {
		m.pending = append(m.pending, math.Float32frombits(binary.NativeEndian.Uint32(samples)))
	}
	for len(m.pending) >= pcm.Samples {
		select {
		case m.blocks <- pcm.Block(m.pending[:pcm.Samples]):
		default:
		}
		m.pending = m.pending[:copy(m.pending, m.pending[pcm.Samples:])]
	}
}

func (m *microphone) halt() {
	if !m.halted.Swap(true) {
		close(m.stopped)
	}
}

// Read implements Microphone.
func (m *microphone) Read(block *pcm.Block) error {
	select {
	case *block = <-m.blocks:
		return nil
	case <-m.stopped:
		return errStopped
	case <-m.ctx.Done():
		return m.ctx.Err()
	}
}

// Close implements Microphone.
func (m *microphone) Close() error {
	m.device.Uninit()
	m.free()
	return nil
}

func (m *microphone) free() {
	_ = m.system.Uninit()
	m.system.Free()
}
