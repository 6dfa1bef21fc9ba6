package mcu

import (
	"context"
	"errors"
	"log/slog"

	"tilemix/codec"
	"tilemix/codec/limit"
	"tilemix/codec/table"
	"tilemix/mcu/media"
	"tilemix/mcu/worker"
)

// videoCodecs makes the encoders and decoders of one room: media.VideoCodecs. Encoders run in this
// process, because they read pictures that it made.
type videoCodecs struct {
	limits  limit.Limits // of decoders
	workers *worker.Crew // that decode; nil: this process does
}

// NewEncoder returns an encoder of a codec, which the caller closes.
func (videoCodecs) NewEncoder(kind codec.Kind, cfg codec.VideoConfig) (codec.VideoEncoder, error) {
	return table.Of(kind).NewEncoder(cfg)
}

// NewDecoder returns a decoder of a codec, which the caller closes.
func (c videoCodecs) NewDecoder(kind codec.Kind) (codec.VideoDecoder, error) {
	if c.workers != nil {
		return c.workers.NewDecoder(kind), nil
	}
	return table.Of(kind).NewDecoder(c.limits)
}

// decoders makes the codecs of rooms.
type decoders struct {
	limits limit.Limits
	pool   *worker.Pool // nil: this process decodes
	shared *worker.Crew // of all rooms; nil: each has its own
	trials *worker.Crew // of streams that no room shows yet; nil: this process decodes
}

// largestView is the most pixels of a canvas that a viewer asks for (package views).
const largestView = 1920 * 1080

// newDecoders returns what decodes cameras and voices as a configuration says.
func newDecoders(c Config, log *slog.Logger) decoders {
	d := decoders{limits: limit.Limits{Pixels: blocks(c.MaxSource.X) * blocks(c.MaxSource.Y), Memory: c.DecoderMemory}}
	if c.Isolation.Args == nil {
		return d
	}
	d.pool = worker.NewPool(worker.Config{
		Args: c.Isolation.Args, Limits: d.limits, Tile: max(c.Width*c.Height, largestView), Full: c.Isolation.Full,
		Deaths: c.Isolation.Deaths, Log: log,
	})
	d.trials = d.pool.NewCrew()
	if c.Isolation.Shared {
		d.shared = d.pool.NewCrew()
	}
	return d
}

// ofRoom returns what encodes and decodes the pictures of a new room, and what decodes its voices: nil where this
// process does.
func (d decoders) ofRoom() (media.VideoCodecs, *worker.Batch) {
	crew := d.shared
	switch {
	case d.pool == nil:
		return videoCodecs{limits: d.limits}, nil
	case crew == nil:
		crew = d.pool.NewCrew()
	}
	return videoCodecs{limits: d.limits, workers: crew}, crew.NewBatch()
}

// run keeps workers ready until ctx ends. It calls fail where they lack a layer of the sandbox that they
// must have.
func (d decoders) run(ctx context.Context, fail context.CancelCauseFunc) {
	if d.pool == nil {
		return
	}
	if err := d.pool.Run(ctx); err != nil {
		fail(err)
	}
}

// cause returns why a context has ended, or nil where it was only canceled.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, ctx.Err()) {
		return err
	}
	return nil
}
