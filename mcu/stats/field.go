package stats

import "math"

// Field is one number of a sample.
type Field uint8

// The fields. In a Reading a counter is what was counted since the participant came; in a Moment it
// is how many there were in each second. The table in this file has their names and units.
const (
	CameraBytes Field = iota
	CameraPackets
	CameraMissing
	CameraRepaired
	CameraLost
	CameraLoss
	CameraJitter
	CameraQueue
	CameraUnits
	CameraPictures
	CameraFreeze
	CameraKeys
	CameraKeyRequests
	CameraDecode
	CameraWidth
	CameraHeight
	CameraAsked
	CameraOn
	MicBytes
	MicPackets
	MicMissing
	MicLoss
	MicJitter
	MicBuffer
	MicConcealed
	MicLevel
	MicSound
	MicClipped
	MicOn
	DownBytes
	DownPackets
	DownLoss
	DownJitter
	DownRTT
	DownQueue
	DownEstimate
	DownHeight
	DownFull
	DownDropped
	DownKeyRequests
	DownMoves
	MissedTicks
	LateTicks
	Connected
	Relayed
	ClientFrames
	ClientDropped
	ClientFreeze
	ClientBuffer
	ClientConcealed
	ClientSent
	ClientSlow
	ClientNarrow
	fields
)

// kind says how a number is made, and how ten of them become one.
type kind uint8

const (
	gauge   kind = iota // as it is; the mean
	counter             // its growth in a second; the mean
	peak                // as it is; the greatest
)

// column is what is known of a field.
type column struct {
	name string // in JSON
	kind kind
	by   float64 // what a reading is multiplied by
	unit string
}

var columns = [fields]column{
	CameraBytes:       {"cameraBitrate", counter, 8, "bit/s"},
	CameraPackets:     {"cameraPackets", counter, 1, "/s"},
	CameraMissing:     {"cameraPacketsMissing", counter, 1, "/s"},
	CameraRepaired:    {"cameraPacketsRepaired", counter, 1, "/s"},
	CameraLost:        {"cameraGaps", counter, 1, "/s"},
	CameraLoss:        {"cameraLoss", gauge, 1, "share"},
	CameraJitter:      {"cameraJitter", peak, 1, "ms"},
	CameraQueue:       {"cameraQueue", gauge, 1, "ms"},
	CameraUnits:       {"cameraFramesReceived", counter, 1, "/s"},
	CameraPictures:    {"cameraFramesDecoded", counter, 1, "/s"},
	CameraFreeze:      {"cameraFreeze", counter, 1, "ms/s"},
	CameraKeys:        {"cameraKeyFrames", counter, 1, "/s"},
	CameraKeyRequests: {"cameraKeyRequests", counter, 1, "/s"},
	CameraDecode:      {"cameraDecode", counter, 1, "ms/s"},
	CameraWidth:       {"cameraWidth", peak, 1, "pixels"},
	CameraHeight:      {"cameraHeight", peak, 1, "pixels"},
	CameraAsked:       {"cameraAsked", peak, 1, "bit/s"},
	CameraOn:          {"cameraOn", gauge, 1, "share"},
	MicBytes:          {"microphoneBitrate", counter, 8, "bit/s"},
	MicPackets:        {"microphonePackets", counter, 1, "/s"},
	MicMissing:        {"microphonePacketsMissing", counter, 1, "/s"},
	MicLoss:           {"microphoneLoss", gauge, 1, "share"},
	MicJitter:         {"microphoneJitter", peak, 1, "ms"},
	MicBuffer:         {"microphoneBuffer", peak, 1, "ms"},
	MicConcealed:      {"microphoneConcealed", counter, 1, "ms/s"},
	MicLevel:          {"microphoneLevel", peak, 1, "dBov"},
	MicSound:          {"microphoneSound", counter, 1, "blocks/s"},
	MicClipped:        {"microphoneClipped", counter, 1, "packets/s"},
	MicOn:             {"microphoneOn", gauge, 1, "share"},
	DownBytes:         {"downBitrate", counter, 8, "bit/s"},
	DownPackets:       {"downPackets", counter, 1, "/s"},
	DownLoss:          {"downLoss", gauge, 1, "share"},
	DownJitter:        {"downJitter", peak, 1, "ms"},
	DownRTT:           {"roundTrip", peak, 1, "ms"},
	DownQueue:         {"downQueue", peak, 1, "ms"},
	DownEstimate:      {"downEstimate", gauge, 1, "bit/s"},
	DownHeight:        {"downHeight", gauge, 1, "pixels"},
	DownFull:          {"downFullHeight", gauge, 1, "pixels"},
	DownDropped:       {"downFramesDropped", counter, 1, "/s"},
	DownKeyRequests:   {"downKeyRequests", counter, 1, "/s"},
	DownMoves:         {"downMoves", counter, 1, "/s"},
	MissedTicks:       {"serverMissedTicks", counter, 1, "/s"},
	LateTicks:         {"serverLateTicks", counter, 1, "/s"},
	Connected:         {"connected", gauge, 1, "share"},
	Relayed:           {"relayed", gauge, 1, "share"},
	ClientFrames:      {"clientFramesDecoded", counter, 1, "/s"},
	ClientDropped:     {"clientFramesDropped", counter, 1, "/s"},
	ClientFreeze:      {"clientFreeze", counter, 1, "ms/s"},
	ClientBuffer:      {"clientBuffer", peak, 1, "ms"},
	ClientConcealed:   {"clientConcealed", counter, 1, "ms/s"},
	ClientSent:        {"clientFramesSent", counter, 1, "/s"},
	ClientSlow:        {"clientLimitedByCPU", gauge, 1, "share"},
	ClientNarrow:      {"clientLimitedByBandwidth", gauge, 1, "share"},
}

// Names returns the fields' names in JSON, in order. The caller owns the slice.
func Names() []string {
	names := make([]string, fields)
	for i, c := range columns {
		names[i] = c.name
	}
	return names
}

// Reading is what is known of a participant at one moment: counters since it came, and gauges. NaN
// is unknown.
type Reading [fields]float64

// NewReading returns a reading of which nothing is known.
func NewReading() (r Reading) {
	for i := range r {
		r[i] = math.NaN()
	}
	return r
}

// Moment is what happened in one second, or in ten. NaN is unknown.
type Moment struct {
	At     int64 // its end, Unix ms
	Values [fields]float32
}

// since returns what happened from one reading to the next, which is seconds later.
func (r *Reading) since(before *Reading, seconds float64) (s Moment) {
	for i := range r {
		v := r[i]
		if columns[i].kind == counter {
			v = max(v-before[i], 0) / seconds // less than before: another source counts
		}
		s.Values[i] = float32(v * columns[i].by)
	}
	s.Values[CameraLoss] = share(s.Values[CameraMissing], s.Values[CameraPackets])
	s.Values[MicLoss] = share(s.Values[MicMissing], s.Values[MicPackets])
	return s
}

// share is which part of what should have come is missing.
func share(missing, came float32) float32 {
	if missing+came == 0 {
		return 0
	}
	return missing / (missing + came)
}

// merge returns samples as one.
func merge(all []Moment) (s Moment) {
	s.At = all[len(all)-1].At
	for f := range s.Values {
		sum, n, most := float32(0), float32(0), float32(math.Inf(-1))
		for i := range all {
			if v := all[i].Values[f]; v == v { // not NaN
				sum, n, most = sum+v, n+1, max(most, v)
			}
		}
		switch {
		case n == 0:
			s.Values[f] = float32(math.NaN())
		case columns[f].kind == peak:
			s.Values[f] = most
		default:
			s.Values[f] = sum / n
		}
	}
	return s
}
