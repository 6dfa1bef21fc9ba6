package signaling

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"

	"tilemix/signaling/cluster/detour"
)

// hopHeader is where a node of a cluster tells another what it found out about a request.
const hopHeader = "Tilemix-Hop"

// hop is an origin as one node sends it to another.
type hop struct {
	Sender string       `json:"sender"` // address and port of the connection at the first node
	Prefix string       `json:"prefix,omitempty"`
	Client netip.Addr   `json:"client,omitzero"`
	Host   netip.Prefix `json:"host,omitzero"`

	detour.Say
}

// ToNode has a request that goes on to another node of a cluster say where it comes from, in place of what
// its client may have said there. The Config does not matter.
func (Config) ToNode(r *http.Request, out http.Header) {
	o := originOf(r)
	data, err := json.Marshal(hop{r.RemoteAddr, o.prefix, o.client, o.host, detour.Of(r.Context())})
	if err != nil { // an address always has a text
		data = nil
	}
	out.Set(hopHeader, string(data))
}

// FromNode returns a request of another node as if its client had come here. The caller knows that it is from
// a node. ok is false if the node did not say where it comes from. The Config does not matter.
func (Config) FromNode(r *http.Request) (again *http.Request, ok bool) {
	var h hop
	if json.Unmarshal([]byte(r.Header.Get(hopHeader)), &h) != nil || h.Sender == "" {
		return r, false
	}
	if h.Pull > 0 { // the node itself comes
		h.Sender, h.Client = r.RemoteAddr, sender(r)
	}
	again = r.WithContext(context.WithValue(r.Context(), originKey{}, origin{h.Prefix, h.Client, h.Host}))
	again = h.With(again)
	again.Header = r.Header.Clone()
	again.Header.Del(hopHeader)
	again.RemoteAddr = h.Sender
	return again, true
}

// Forges tells whether a request that no node sent says what only nodes say. The Config does not matter.
func (Config) Forges(r *http.Request) bool { return r.Header.Get(hopHeader) != "" }
