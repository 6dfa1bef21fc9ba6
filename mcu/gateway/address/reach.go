package address

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
)

// Rules say which hosts are let through.
type Rules struct {
	// Private lets this machine and private networks through. What tells machines of
	// themselves, the metadata services of clouds, never is.
	Private bool
}

// never are addresses of metadata services, of neighbours that only a machine without
// an address has, and of IPv4 in a form that only its own network can read (RFC 8215).
var never = prefixes("169.254.0.0/16", "fe80::/10",
	"fd00:ec2::/32", "fd20:ce::254/128", // Amazon, Google
	"168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", // Azure, Alibaba, Oracle
	"64:ff9b:1::/48")

// private are networks that are not the Internet's (RFC 6890), beside those that netip knows and beside
// IPv6 outside of global.
var private = prefixes("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15",
	"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20")

// global are the IPv6 addresses that are given to the Internet (RFC 4291 §2.4).
var global = prefixes("2000::/3")

// carriers are IPv6 addresses that have an IPv4 address in them (RFC 6052, 3056, 2765), and
// at which byte.
var carriers = map[netip.Prefix]int{
	netip.MustParsePrefix("64:ff9b::/96"): 12, netip.MustParsePrefix("2002::/16"): 2,
	netip.MustParsePrefix("::/96"): 12, netip.MustParsePrefix("::ffff:0:0:0/96"): 12,
}

func prefixes(all ...string) []netip.Prefix {
	var p []netip.Prefix
	for _, s := range all {
		p = append(p, netip.MustParsePrefix(s))
	}
	return p
}

// Allows tells why an IP address would be refused.
func (r Rules) Allows(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	if !ip.IsLoopback() && !ip.IsUnspecified() {
		for carrier, at := range carriers {
			if bytes := ip.As16(); ip.Is6() && carrier.Contains(ip) {
				return r.Allows(netip.AddrFrom4([4]byte(bytes[at : at+4])))
			}
		}
	}
	switch {
	case within(ip, never) || ip.IsMulticast():
		return refuse("its host is a link-local or metadata address")
	case r.Private:
		return nil
	case ip.IsLoopback() || ip.IsUnspecified() || ip.IsPrivate() || within(ip, private) || ip.Is6() && !within(ip, global):
		return refuse("its host is in a private network, which --allow-private-outputs would let through")
	}
	return nil
}

func within(ip netip.Addr, all []netip.Prefix) bool {
	for _, p := range all {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// Lookup finds the addresses of a host's name, as [net.Resolver] does.
type Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)

// Find returns where an address leads to now, for a connection to no other place: a second lookup
// of the name could lead elsewhere. A file leads nowhere. Find tells why the address is refused. A
// name that cannot be found is an error of lookup's, not ErrRefused.
func (r Rules) Find(ctx context.Context, a Address, lookup Lookup) ([]netip.Addr, error) {
	if a.Scheme() == "file" {
		return nil, nil
	}
	host := strings.TrimSuffix(a.Host(), ".")
	if ip, ok := literal(host); ok {
		return []netip.Addr{ip}, r.Allows(ip)
	}
	found, err := lookup(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for _, ip := range found {
		if err := r.Allows(ip); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// literal reads an IP address in all the forms that C libraries take: a number, two,
// three or four, each decimal, octal or hexadecimal (inet_aton).
func literal(host string) (netip.Addr, bool) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, true
	}
	parts := strings.Split(host, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var n uint64
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (4 - i) // the last has what is left
		}
		v, err := strconv.ParseUint(part, 0, 32)
		if err != nil || v >= 1<<bits || strings.Contains(part, "_") {
			return netip.Addr{}, false
		}
		n = n<<bits | v
	}
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}), true
}
