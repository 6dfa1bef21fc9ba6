package rtc

import (
	"sync"
	"sync/atomic"

	"github.com/pion/rtcp"
)

// maxReports is how many reports of a connection wait to be sent: those of 0.8 s.
const maxReports = 8

// reportWriter sends RTCP for the goroutine that reads SRTP. That goroutine may not send: pion
// holds the lock that sending takes while it closes a connection and waits for that goroutine.
// Reports wait in a queue. If it is full, the oldest is dropped and counted, because a newer
// one replaces it. A reportWriter is safe for concurrent use.
type reportWriter struct {
	send    func([]rtcp.Packet) error // its error is ignored, as a loss is
	dropped *atomic.Uint64
	start   func() // starts run, once
	queue   chan outgoing

	// These belong to run.
	request rtcp.PictureLossIndication
	packets [1]rtcp.Packet // request
}

// outgoing is a report, or a request for a key frame of an SSRC.
type outgoing struct {
	packets []rtcp.Packet // nil: a request
	ssrc    uint32
}

// newReportWriter returns the writer of one connection. Its goroutine starts with the first
// report, so that a client that only receives has none.
func newReportWriter(send func([]rtcp.Packet) error, life *lifetime, dropped *atomic.Uint64) *reportWriter {
	w := &reportWriter{send: send, dropped: dropped, queue: make(chan outgoing, maxReports)}
	w.packets[0] = &w.request
	w.start = sync.OnceFunc(func() { life.start(func() { w.run(life.closing) }) })
	return w
}

// report sends packets soon. They belong to the writer from then on. It always returns nil.
func (w *reportWriter) report(packets []rtcp.Packet) error {
	w.put(outgoing{packets: packets})
	return nil
}

// requestKeyFrame asks the sender of an SSRC for a key frame soon (PLI, RFC 4585 §6.3.1).
func (w *reportWriter) requestKeyFrame(ssrc uint32) { w.put(outgoing{ssrc: ssrc}) }

func (w *reportWriter) put(o outgoing) {
	w.start()
	for {
		select {
		case w.queue <- o:
			return
		default:
		}
		select {
		case <-w.queue:
			w.dropped.Add(1)
		default: // run took one meanwhile
		}
	}
}

// run sends what is queued until done is closed.
func (w *reportWriter) run(done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		case o := <-w.queue:
			if o.packets == nil {
				w.request.MediaSSRC = o.ssrc
				o.packets = w.packets[:]
			}
			_ = w.send(o.packets)
		}
	}
}
