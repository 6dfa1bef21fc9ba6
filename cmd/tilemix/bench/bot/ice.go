package bot

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
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

// ice is a bot's connectivity (RFC 8445). The bot is the controlling agent. Its
// credentials and path stand before the first check; its methods are then safe for
// concurrent use.
type ice struct {
	path     *path
	local    credentials
	remote   answered
	tie      [8]byte // tie-breaker
	checked  atomic.Bool
	answered chan struct{} // the crowd's
}

// connect sends checks until the server has answered.
func (i *ice) connect(ctx context.Context) error {
	tick := time.NewTicker(checkInterval)
	defer tick.Stop()
	for i.check(); !i.checked.Load(); {
		select {
		case <-tick.C:
			i.check()
		case <-ctx.Done():
			return fmt.Errorf("ICE: %w", ctx.Err())
		case <-i.answered:
		}
	}
	return nil
}

// check sends a check of this pair of addresses, and nominates the pair at once.
func (i *ice) check() {
	var priority [4]byte
	binary.BigEndian.PutUint32(priority[:], hostPriority)
	m, err := stun.Build(stun.TransactionID, stun.BindingRequest,
		stun.NewUsername(i.remote.ufrag+":"+i.local.ufrag),
		stun.RawAttribute{Type: attrPriority, Value: priority[:]},
		stun.RawAttribute{Type: attrICEControlling, Value: i.tie[:]},
		stun.RawAttribute{Type: attrUseCandidate},
		stun.NewShortTermIntegrity(i.remote.password), stun.Fingerprint)
	if err != nil {
		return
	}
	_ = i.path.write(m.Raw)
}

// keep is the task that keeps the connection alive (RFC 7675).
func (i *ice) keep(int64) int64 {
	i.check()
	return int64(keepAlive)
}

// take reads a STUN message, and wakes a bot of the crowd that waits in connect.
func (i *ice) take(p []byte) {
	i.binding(p)
	if i.checked.Load() {
		select {
		case i.answered <- struct{}{}:
		default:
		}
	}
}

// binding notes the server's answer to a check, or answers the server's check.
func (i *ice) binding(p []byte) {
	m := &stun.Message{Raw: append([]byte(nil), p...)}
	if m.Decode() != nil {
		return
	}
	switch m.Type {
	case stun.BindingSuccess:
		if stun.NewShortTermIntegrity(i.remote.password).Check(m) == nil {
			i.checked.Store(true)
		}
	case stun.BindingRequest:
		integrity := stun.NewShortTermIntegrity(i.local.password)
		if integrity.Check(m) != nil {
			return
		}
		answer, err := stun.Build(m, stun.BindingSuccess, mapped(i.path.server), integrity, stun.Fingerprint)
		if err == nil {
			_ = i.path.write(answer.Raw)
		}
	}
}

func mapped(a netip.AddrPort) *stun.XORMappedAddress {
	return &stun.XORMappedAddress{IP: net.IP(a.Addr().AsSlice()), Port: int(a.Port())}
}
