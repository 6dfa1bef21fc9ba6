package stats

// Facts are what is known of a participant's media beside numbers. Empty ones are unknown.
type Facts struct {
	Codec   string `json:"cameraCodec,omitempty"`
	Local   string `json:"local,omitempty"`  // the server's address and the protocol of media
	Remote  string `json:"remote,omitempty"` // the client's
	Browser string `json:"browser,omitempty"`
	Device  string `json:"device,omitempty"`
}
