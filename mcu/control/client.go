package control

import "encoding/json"

// Offer is an SDP offer of a client.
type Offer struct {
	SDP string `json:"sdp"`
}

// Answer is the server's SDP answer to an [Offer].
type Answer struct {
	SDP string `json:"sdp"`
}

// Candidate is an ICE candidate of either side.
type Candidate struct {
	Candidate *CandidateInit `json:"candidate"`
}

// Mute says what the sender has switched off. Both fields are required.
//
// For one release [Parse] also accepts the old names "audio" and "video".
type Mute struct {
	AudioMuted bool `json:"audioMuted"` // the microphone is off
	VideoMuted bool `json:"videoMuted"` // the camera is off

	absent string // names the required fields that were not there
}

// ChooseLayout asks the server to change the layout for everyone in the room.
type ChooseLayout struct {
	Name string `json:"name"`
}

// Alive asks the server whether it still receives. The server sends the same message
// back at once.
type Alive struct{}

// Type returns "offer".
func (Offer) Type() string { return "offer" }

// Type returns "answer".
func (Answer) Type() string { return "answer" }

// Type returns "candidate".
func (Candidate) Type() string { return "candidate" }

// Type returns "mute".
func (Mute) Type() string { return "mute" }

// Type returns "layout".
func (ChooseLayout) Type() string { return "layout" }

// Type returns "alive".
func (Alive) Type() string { return "alive" }

func (m Offer) fault() string        { return missing(m.SDP == "", "sdp") }
func (m Answer) fault() string       { return missing(m.SDP == "", "sdp") }
func (m Candidate) fault() string    { return missing(m.Candidate == nil, "candidate") }
func (m Mute) fault() string         { return missing(m.absent != "", m.absent) }
func (m ChooseLayout) fault() string { return missing(m.Name == "", "name") }

// UnmarshalJSON reads the new names of the fields, or the old ones.
func (m *Mute) UnmarshalJSON(data []byte) error {
	var in struct {
		AudioMuted *bool `json:"audioMuted"`
		VideoMuted *bool `json:"videoMuted"`
		Audio      *bool `json:"audio"`
		Video      *bool `json:"video"`
	}
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if in.AudioMuted == nil {
		in.AudioMuted = in.Audio
	}
	if in.VideoMuted == nil {
		in.VideoMuted = in.Video
	}
	*m = Mute{}
	if in.AudioMuted == nil {
		m.absent = "audioMuted"
	} else {
		m.AudioMuted = *in.AudioMuted
	}
	if in.VideoMuted == nil {
		m.absent = "videoMuted"
	} else {
		m.VideoMuted = *in.VideoMuted
	}
	return nil
}
