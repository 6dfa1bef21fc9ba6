package control

import (
	"fmt"

	"tilemix/mcu/quality"
	"tilemix/mcu/stats"
)

// maxWords is the length of the longest text of a Report, in bytes.
const maxWords = 100

// Report is what the client's own statistics say, such as the getStats of a browser. A client sends
// it every two to ten seconds. Numbers that count begin with the client's connection.
type Report struct {
	Browser       string `json:"browser,omitempty"`       // and its version; 100 bytes at most
	Device        string `json:"device,omitempty"`        // and its system; 100 bytes at most
	FramesDecoded int    `json:"framesDecoded,omitempty"` // of the mix
	FramesDropped int    `json:"framesDropped,omitempty"` // of these, those that were not shown
	Freeze        int    `json:"freeze,omitempty"`        // ms for which the picture stood still
	Buffer        int    `json:"buffer,omitempty"`        // ms of sound that wait to be played
	Concealed     int    `json:"concealed,omitempty"`     // ms of sound that were made up
	FramesSent    int    `json:"framesSent,omitempty"`    // of the camera
	// LimitedBy says why the camera is sent with less than it could be: "cpu", "bandwidth" or "".
	LimitedBy string `json:"limitedBy,omitempty"`
	Relayed   bool   `json:"relayed,omitempty"` // media goes over a TURN server
}

// Quality says how good the client's media is, and if it is not, why and which way. The server sends
// it when that changes.
type Quality struct {
	Quality   string `json:"quality"`             // excellent, good, poor, or lost
	Cause     string `json:"cause,omitempty"`     // the guide of statistics lists them
	Direction string `json:"direction,omitempty"` // up: what the client sends; down: what it receives; or both
}

// Type returns "report".
func (Report) Type() string { return "report" }

// Type returns "quality".
func (Quality) Type() string { return "quality" }

// QualityOf returns a finding as a message.
func QualityOf(f quality.Finding) Quality {
	return Quality{f.Level.String(), string(f.Cause), string(f.Direction)}
}

// Rate says how good the participant's media is, if it is poor or lost.
func (p *Person) Rate(f quality.Finding) {
	if f.Level >= quality.Poor {
		p.Quality, p.Cause, p.Direction = f.Level.String(), string(f.Cause), string(f.Direction)
	}
}

func (m Report) fault() string {
	for _, n := range []int{m.FramesDecoded, m.FramesDropped, m.Freeze, m.Buffer, m.Concealed, m.FramesSent} {
		if n < 0 {
			return "a number of a report is not negative"
		}
	}
	if len(m.Browser) > maxWords || len(m.Device) > maxWords {
		return fmt.Sprintf("browser and device have %d bytes at most", maxWords)
	}
	if m.LimitedBy != "" && m.LimitedBy != "cpu" && m.LimitedBy != "bandwidth" {
		return fmt.Sprintf("limitedBy is cpu, bandwidth or empty, not %.40q", m.LimitedBy)
	}
	return ""
}

// Read writes the report into a reading.
func (m Report) Read(r *stats.Reading) {
	share := func(so bool) float64 {
		if so {
			return 1
		}
		return 0
	}
	r[stats.ClientFrames], r[stats.ClientDropped] = float64(m.FramesDecoded-min(m.FramesDropped, m.FramesDecoded)), float64(m.FramesDropped)
	r[stats.ClientFreeze], r[stats.ClientBuffer] = float64(m.Freeze), float64(m.Buffer)
	r[stats.ClientConcealed], r[stats.ClientSent] = float64(m.Concealed), float64(m.FramesSent)
	r[stats.ClientSlow], r[stats.ClientNarrow] = share(m.LimitedBy == "cpu"), share(m.LimitedBy == "bandwidth")
	r[stats.Relayed] = share(m.Relayed)
}
