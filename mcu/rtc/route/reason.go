package route

// Reason is why packets belong to no stream.
type Reason string

const (
	// NoSection is of packets that name no section that was answered, nor can be of one only.
	NoSection Reason = "stream-unbound"
	// NoFormat is of packets of a payload type that was not accepted.
	NoFormat Reason = "codec-refused"
	// NoLayer is of packets of a layer that was not accepted, or that name none.
	NoLayer Reason = "layer-unknown"
	// Surplus is of a second stream of a section that takes one.
	Surplus Reason = "stream-surplus"
	// NoOriginal is of repairs of a stream that is not known.
	NoOriginal Reason = "repair-unbound"
)
