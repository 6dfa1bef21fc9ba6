package stats

import "time"

// Facts are what is known of a participant's media beside numbers. Empty ones are unknown.
type Facts struct {
	Codec   string `json:"cameraCodec,omitempty"`
	Local   string `json:"local,omitempty"`  // the server's address and the protocol of media
	Remote  string `json:"remote,omitempty"` // the client's
	Browser string `json:"browser,omitempty"`
	Device  string `json:"device,omitempty"`
}

// Cost is the time of one core that a room's clocks have taken since the room began, in ms, by stage.
// Cameras are decoded for each participant: see CameraDecode.
type Cost struct {
	Compose float64 `json:"compose"` // drawing of all views
	Encode  float64 `json:"encode"`  // of all renditions
	Mix     float64 `json:"mix"`     // of sound, with its encoders
}

// CostOf returns these times as a Cost.
func CostOf(compose, encode, mix time.Duration) Cost {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Cost{ms(compose), ms(encode), ms(mix)}
}
