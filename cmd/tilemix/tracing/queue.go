package tracing

import (
	"context"
	"sync/atomic"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// queue is where spans wait to be sent. When it is full, the newest is dropped and counted. It is an
// sdk.SpanProcessor, safe for concurrent use.
type queue struct {
	waiting chan sdk.ReadOnlySpan
	dropped *atomic.Uint64
}

// OnStart is part of sdk.SpanProcessor.
func (queue) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd takes a span. It does not wait.
func (q queue) OnEnd(s sdk.ReadOnlySpan) {
	select {
	case q.waiting <- s:
	default:
		q.dropped.Add(1)
	}
}

// Shutdown is part of sdk.SpanProcessor. Run sends what waits.
func (queue) Shutdown(context.Context) error { return nil }

// ForceFlush is part of sdk.SpanProcessor.
func (queue) ForceFlush(context.Context) error { return nil }

// batch waits for a span, and then for others. When ctx has ended it returns what waits, at last nothing.
func (q queue) batch(ctx context.Context) (all []sdk.ReadOnlySpan) {
	select {
	case s := <-q.waiting:
		all = append(all, s)
	default:
		select {
		case s := <-q.waiting:
			all = append(all, s)
		case <-ctx.Done():
			return nil
		}
	}
	full, cancel := context.WithTimeout(ctx, gather)
	defer cancel()
	for len(all) < maxBatch {
		select {
		case s := <-q.waiting:
			all = append(all, s)
			continue
		default:
		}
		select {
		case s := <-q.waiting:
			all = append(all, s)
		case <-full.Done():
			return all
		}
	}
	return all
}
