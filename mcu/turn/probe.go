package turn

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/pion/stun/v4"
	"github.com/pion/turn/v5"
)

// errSilent is why a server counts as away.
var errSilent = errors.New("it does not answer")

// Probe asks a STUN or TURN server (RFC 8489, RFC 8656), and returns the address at which that server sees
// this machine. Of a TURN server it wants a relay, and gives it back. address is as RFC 7064 and RFC 7065 write
// it. ctx bounds the time; TLS is verified.
func Probe(ctx context.Context, address, user, password string) (seen netip.AddrPort, err error) {
	uri, err := stun.ParseURI(address)
	if err != nil {
		return seen, err
	}
	at := net.JoinHostPort(uri.Host, strconv.Itoa(uri.Port))
	conn, err := dial(ctx, uri, at)
	if err != nil {
		return seen, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	client, err := turn.NewClient(&turn.ClientConfig{
		STUNServerAddr: at, TURNServerAddr: at, Conn: conn, Username: user, Password: password, RTO: 200 * time.Millisecond,
	})
	if err != nil {
		return seen, err
	}
	defer client.Close()
	if err := client.Listen(); err != nil {
		return seen, err
	}
	type answer struct {
		seen netip.AddrPort
		err  error
	}
	said := make(chan answer, 1)
	go func() {
		seen, err := ask(ctx, client, uri.Scheme == stun.SchemeTypeTURN || uri.Scheme == stun.SchemeTypeTURNS)
		said <- answer{seen, err}
	}()
	select {
	case a := <-said:
		if ctx.Err() != nil {
			return a.seen, errSilent
		}
		return a.seen, a.err
	case <-ctx.Done():
		return seen, errSilent
	}
}

// dial connects to a server by the transport of its address.
func dial(ctx context.Context, uri *stun.URI, at string) (net.PacketConn, error) {
	if uri.Proto == stun.ProtoTypeUDP && !uri.IsSecure() {
		return new(net.ListenConfig).ListenPacket(ctx, "udp", ":0")
	}
	var conn net.Conn
	var err error
	if uri.IsSecure() {
		conn, err = (&tls.Dialer{Config: &tls.Config{ServerName: uri.Host}}).DialContext(ctx, "tcp", at)
	} else {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", at)
	}
	if err != nil {
		return nil, err
	}
	return turn.NewSTUNConn(conn), nil
}

// ask sends a binding request, and one for a relay if there is to be one.
func ask(ctx context.Context, client *turn.Client, relay bool) (seen netip.AddrPort, err error) {
	addr, err := client.SendBindingRequest()
	if err != nil {
		return seen, fmt.Errorf("%w: %w", errSilent, err)
	}
	if seen, err = netip.ParseAddrPort(addr.String()); err != nil || !relay {
		return seen, err
	}
	conn, err := client.AllocateWithContext(ctx)
	if err != nil {
		return seen, fmt.Errorf("it gives no relay: %w", err)
	}
	return seen, conn.Close()
}
