package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Port is one that the server opens beside that of HTTP.
type Port struct {
	Flag  string // that chooses it, with its value
	Taken error  // why it cannot be opened; nil: it can
}

// Relay is a STUN or TURN server of others.
type Relay struct {
	URL  string // without secrets
	Seen netip.AddrPort
	Err  error // why it is of no use; nil: it answers
}

// Certificate is one that the server reads from files, or orders.
type Certificate struct {
	File         string
	Err          error    // why it cannot be read
	Names        []string // that it is for
	Missing      []string // names of the server that it is not for
	Begins, Ends time.Time
	Chain        error // why no authority vouches for it that this system knows
	ACME         bool  // an authority is asked for one, and nothing else is known but the next two
	Listen       string
	Open         bool // the server has port 443 or 80
}

// soon (14 days) before its end a certificate should have been renewed.
const soon = 14 * 24 * time.Hour

// first is a time that no clock shows which is right.
func first() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func (m Machine) ports() (all []Finding) {
	for _, p := range m.Ports {
		if p.Taken != nil {
			all = append(all, Finding{Bad, fmt.Sprintf("%s cannot be opened: %v. Stop the program that has it (ss -lntup shows it), or choose another.", p.Flag, p.Taken)})
			continue
		}
		all = append(all, Finding{Good, fmt.Sprintf("%s can be opened.", p.Flag)})
	}
	return all
}

// relays tells which STUN and TURN servers answer, and what they see.
func (m Machine) relays() (all []Finding) {
	for _, r := range m.Relays {
		if r.Err != nil {
			all = append(all, Finding{Bad, fmt.Sprintf("%s is of no use (--ice-server): %v. Check its address and its secret, and the firewalls between.", r.URL, r.Err)})
			continue
		}
		all = append(all, Finding{Good, fmt.Sprintf("%s answers, and sees this machine at %s.", r.URL, r.Seen.Addr().Unmap())})
	}
	seen, ok := m.seen()
	if ok && len(m.Public) > 0 && !slices.Contains(m.Public, seen) {
		all = append(all, Finding{Hint, fmt.Sprintf("Others see this machine at %s, and --public-ip says %s. If clients reach it there, all is well.", seen, texts(m.Public))})
	}
	return all
}

// seen returns the public address by which others see the machine.
func (m Machine) seen() (netip.Addr, bool) {
	for _, r := range m.Relays {
		if a := r.Seen.Addr().Unmap(); r.Err == nil && a.IsGlobalUnicast() && !a.IsPrivate() {
			return a, true
		}
	}
	return netip.Addr{}, false
}

func (m Machine) clock() Finding {
	switch {
	case m.Now.Before(first()):
		return Finding{Bad, fmt.Sprintf("The clock says %s. Certificates and tokens are refused then. Set it: sudo timedatectl set-ntp true.", m.Now.Format(time.DateOnly))}
	case m.ClockLoose:
		return Finding{Hint, "No service keeps the clock in time, as the kernel says. Tokens and TURN need it within 30 s: sudo timedatectl set-ntp true."}
	}
	return Finding{Good, "The clock is kept in time."}
}

// certificate tells what clients think of the certificate.
func (m Machine) certificate() (all []Finding) {
	c := m.Certificate
	if c == nil {
		return nil
	}
	if c.ACME {
		if !c.Open {
			return []Finding{{Hint, fmt.Sprintf("With --tls acme the authority connects to port 443 or 80, and the server has neither (%s). Have the router pass one of them on, or choose --port 443 or --http-listen :80.", c.Listen)}}
		}
		return []Finding{{Good, "The authority of --tls acme can reach the server by its port, if firewalls let it through."}}
	}
	if c.Err != nil {
		return []Finding{{Bad, fmt.Sprintf("The certificate cannot be used: %v. Check --tls-cert and --tls-key.", c.Err)}}
	}
	names := strings.Join(c.Names, ", ")
	switch left := c.Ends.Sub(m.Now); {
	case left <= 0:
		all = append(all, Finding{Bad, fmt.Sprintf("The certificate %s has ended on %s: clients refuse the server. Renew it; the server reads it again by itself.", c.File, c.Ends.Format(time.DateOnly))})
	case m.Now.Before(c.Begins):
		all = append(all, Finding{Bad, fmt.Sprintf("The certificate %s begins on %s: clients refuse the server until then. Check the clock of this machine.", c.File, c.Begins.Format(time.DateOnly))})
	case left < soon:
		all = append(all, Finding{Hint, fmt.Sprintf("The certificate %s ends on %s, in %d days. Renew it; the server reads it again by itself.", c.File, c.Ends.Format(time.DateOnly), int(left/(24*time.Hour)))})
	default:
		all = append(all, Finding{Good, fmt.Sprintf("The certificate for %s ends on %s.", names, c.Ends.Format(time.DateOnly))})
	}
	if len(c.Missing) > 0 {
		all = append(all, Finding{Bad, fmt.Sprintf("The certificate is for %s, and not for %s (--host). Order one for that name too.", names, strings.Join(c.Missing, ", "))})
	}
	if c.Chain != nil {
		all = append(all, Finding{Hint, fmt.Sprintf("No authority that this system knows vouches for the certificate: %v. Append the authority's intermediate certificates to %s, unless it is your own authority.", c.Chain, c.File)})
	}
	return all
}
