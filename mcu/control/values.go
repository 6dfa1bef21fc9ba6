package control

// Line is the state of a participant's video where it is not good.
type Line string

// States of a participant's video. A good one is the empty string.
const (
	LineWeak Line = "weak" // the picture is frozen, damaged or not to be seen
	LineLost Line = "lost" // the participant has no connection, but may come back
)

// Person is a participant as the others in the room see it.
type Person struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	AudioMuted bool   `json:"audioMuted"` // the microphone is off
	VideoMuted bool   `json:"videoMuted"` // the camera is off
	Speaking   bool   `json:"speaking"`
	Line       Line   `json:"line,omitempty"` // left out where the video is good
	// Reason says why nothing is seen or heard of a participant that sends, such as
	// "no-video-received" (package silence). It is left out where all is well.
	Reason string `json:"reason,omitempty"`
	Role   string `json:"role,omitempty"` // left out for a plain participant
	Hand   int    `json:"hand,omitempty"` // place in the order of raised hands, from 1; 0: it is down
	// Spotlight says that a host has put the participant in front.
	Spotlight bool `json:"spotlight,omitempty"`
	// Screen says that the participant shares a screen.
	Screen bool `json:"screen,omitempty"`

	// Quality is poor or lost where the participant's media is, with its Cause and Direction. They
	// are left out where it is not.
	Quality   string `json:"quality,omitempty"`
	Cause     string `json:"cause,omitempty"`
	Direction string `json:"direction,omitempty"`

	// Audio and Video are AudioMuted and VideoMuted under their old names, for one release.
	// They are fields, because a method that marshals would take three times as long, and a
	// room of 100 writes 100 persons whenever one of them comes or goes.
	Audio bool `json:"audio"`
	Video bool `json:"video"`
}

// Recording is a recording of the room.
type Recording struct {
	ID     string `json:"id"`
	State  string `json:"state"`            // starting, recording, paused, finished or failed
	Reason string `json:"reason,omitempty"` // why it ended, unless a client stopped it
	Part   int    `json:"part,omitempty"`   // 2 or more: it goes on after a crash of the server
}

// Tile is a participant's rectangle on the canvas, in pixels.
type Tile struct {
	ID     string `json:"id"`               // of the participant
	Screen bool   `json:"screen,omitempty"` // it is the participant's screen, and not its camera
	X      int    `json:"x"`
	Y      int    `json:"y"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// ICEServer is an RTCIceServer of the WebRTC API.
type ICEServer struct {
	URLs       []string `json:"urls" yaml:"urls"`
	Username   string   `json:"username,omitempty" yaml:"username"`
	Credential string   `json:"credential,omitempty" yaml:"credential"`
}

// CandidateInit is an RTCIceCandidateInit of the WebRTC API.
type CandidateInit struct {
	Candidate        string  `json:"candidate"`
	SDPMid           *string `json:"sdpMid,omitempty"`
	SDPMLineIndex    *uint16 `json:"sdpMLineIndex,omitempty"`
	UsernameFragment *string `json:"usernameFragment,omitempty"`
}
