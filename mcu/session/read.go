package session

import (
	"time"

	"tilemix/mcu/rtc/receive"
	"tilemix/mcu/stats"
)

// receiver knows what arrives of a stream.
type receiver interface{ Received() receive.Stats }

// receiverOf returns what knows of a track's packets, nil for one that is injected.
func receiverOf(t track) receiver {
	r, _ := t.(receiver)
	return r
}

// Read writes into a reading what the session knows of its streams, and of the camera and the
// microphone that it has; they may be nil. It is safe for concurrent use.
func (c *Control) Read(r *stats.Reading, camera *Cam, microphone *Mic) {
	if camera != nil {
		camera.read(r)
	}
	if microphone != nil {
		microphone.read(r)
	}
	conn := c.session.conn.Load()
	if conn == nil {
		return
	}
	picture, sound := conn.peer.Video(), conn.peer.Audio()
	p, a := picture.Stats(), sound.Stats()
	r[stats.DownBytes] = float64(p.Bytes + a.Bytes)
	r[stats.DownPackets] = float64(p.Packets + a.Packets)
	r[stats.DownDropped] = float64(p.Dropped + a.Dropped)
	r[stats.DownJitter], r[stats.DownQueue] = milliseconds(max(p.Jitter, a.Jitter)), milliseconds(p.Queue)
	r[stats.DownLoss] = max(picture.Loss(), sound.Loss())
	r[stats.DownRTT] = milliseconds(picture.RTT())
	r[stats.DownEstimate] = float64(picture.Estimate())
}

// Facts returns what of the session is no number: what its camera is encoded in, and the addresses
// of its media.
func (c *Control) Facts(camera *Cam) (f stats.Facts) {
	if camera != nil {
		f.Codec = camera.codec.String()
	}
	if conn := c.session.conn.Load(); conn != nil {
		f.Local, f.Remote = conn.peer.Pair()
	}
	return f
}

// read writes into a reading what is known of the camera.
func (c *Cam) read(r *stats.Reading) {
	n := c.Stats()
	r[stats.CameraPackets], r[stats.CameraLost] = float64(n.Packets), float64(n.Lost)
	r[stats.CameraUnits], r[stats.CameraPictures] = float64(n.Units), float64(n.Pictures)
	r[stats.CameraKeys], r[stats.CameraKeyRequests] = float64(n.Keys), float64(n.KeyRequests)
	r[stats.CameraDecode], r[stats.CameraFreeze] = milliseconds(n.Decoding), milliseconds(n.Frozen)
	r[stats.CameraQueue] = milliseconds(n.Queue)
	r[stats.CameraWidth], r[stats.CameraHeight] = float64(n.Size.X), float64(n.Size.Y)
	if c.from == nil {
		return
	}
	came := c.from.Received()
	r[stats.CameraBytes], r[stats.CameraMissing] = float64(came.Bytes), float64(came.Missing)
	r[stats.CameraRepaired], r[stats.CameraJitter] = float64(came.Repaired), milliseconds(came.Jitter)
}

// read writes into a reading what is known of the microphone.
func (m *Mic) read(r *stats.Reading) {
	n := m.Stats()
	r[stats.MicPackets], r[stats.MicBuffer] = float64(n.Received), milliseconds(n.Delay)
	r[stats.MicConcealed] = 20 * float64(n.Concealed)
	r[stats.MicLevel], r[stats.MicSound], r[stats.MicClipped] = n.Level, float64(n.Sounding), float64(n.Clipped)
	if m.from == nil {
		return
	}
	came := m.from.Received()
	r[stats.MicBytes], r[stats.MicMissing], r[stats.MicJitter] = float64(came.Bytes), float64(came.Missing), milliseconds(came.Jitter)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
