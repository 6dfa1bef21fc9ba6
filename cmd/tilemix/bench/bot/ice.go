package bot

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/pion/stun/v4"
)

// The attributes of RFC 8445 §16.1.
const (
	attrPriority       = stun.AttrType(0x0024)
	attrUseCandidate   = stun.AttrType(0x0025)
	attrICEControlling = stun.AttrType(0x802a)
)

const (
	checkInterval = 50 * time.Millisecond   // until the server answers (RFC 8445 §14)
	keepAlive     = 2500 * time.Millisecond // as browsers do
)

// hostPriority is that of a peer-reflexive candidate found by a host's check
// (RFC 8445 §7.1.1).
const hostPriority = 110<<24 | 65535<<8 | 255

// check asks the server for this pair of addresses, nominating it at once.
func (b *Bot) check() {
	var priority [4]byte
	binary.BigEndian.PutUint32(priority[:], hostPriority)
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest,
		stun.NewUsername(b.remote.ufrag+":"+b.local.ufrag),
		stun.RawAttribute{Type: attrPriority, Value: priority[:]},
		stun.RawAttribute{Type: attrICEControlling, Value: b.tie[:]},
		stun.RawAttribute{Type: attrUseCandidate},
		stun.NewShortTermIntegrity(b.remote.password), stun.Fingerprint)
	if err != nil {
		return
	}
	_ = b.crowd.wire.write(m.Raw, b.oob, b.server)
}

// binding handles a STUN message.
func (b *Bot) binding(p []byte) {
	m := &stun.Message{Raw: append([]byte(nil), p...)}
	if m.Decode() != nil {
		return
	}
	switch m.Type {
	case stun.BindingSuccess:
		if stun.NewShortTermIntegrity(b.remote.password).Check(m) == nil {
			b.checked.Store(true)
		}
	case stun.BindingRequest:
		integrity := stun.NewShortTermIntegrity(b.local.password)
		if integrity.Check(m) != nil {
			return
		}
		answer, err := stun.Build(m, stun.BindingSuccess, mapped(b.server), integrity, stun.Fingerprint)
		if err == nil {
			_ = b.crowd.wire.write(answer.Raw, b.oob, b.server)
		}
	}
}

func mapped(a netip.AddrPort) *stun.XORMappedAddress {
	return &stun.XORMappedAddress{IP: net.IP(a.Addr().AsSlice()), Port: int(a.Port())}
}
