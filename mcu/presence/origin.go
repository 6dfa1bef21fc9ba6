package presence

import "net/netip"

// Origin is what the log says of where a participant comes from. Fields that are zero are not known.
type Origin struct {
	Address netip.Addr
	Way     string // by which its client came, such as "websocket"
	Agent   string // the client's program, as the client says
	Request string // ID of the request by which it came
}

// Log returns the attributes for a line of the log.
func (o Origin) Log() []any {
	var from any = o.Address
	if !o.Address.IsValid() {
		from = "unknown"
	}
	return []any{"from", from, "way", o.Way, "agent", o.Agent, "request", o.Request}
}
