// Package doctor says what of a machine keeps calls from working, and what to do about it. What it
// finds is a function of the [Machine], so that each sentence has a test.
package doctor

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Level is how bad a finding is.
type Level string

// The levels.
const (
	Good Level = "ok"
	Hint Level = "hint" // it works, with a bound
	Bad  Level = "bad"  // something will not work
)

// Finding is one thing that was looked at.
type Finding struct {
	Level Level
	Text  string // in a sentence or two, with what to do
}

// Machine is what the server runs on, and what its settings are.
type Machine struct {
	Interfaces []Interface
	Public     []netip.Addr // --public-ip
	PortTaken  string       // why the port of HTTP cannot be opened; "": it can
	Listen     string       // that port, with its address
	Container  bool         // the server runs in one
	Files      uint64       // descriptors that the process may have; 0: unknown
	Memory     int64        // bytes that the process may use; 0: unknown
	CPUs       int
	Vectors    bool // the CPU has AVX2, or is one of ARM with NEON
	FFmpeg     error
	Data       error // why the data folder cannot be written

	Ports       []Port
	Relays      []Relay // of --ice-server
	Now         time.Time
	ClockLoose  bool         // nothing keeps the clock in time
	Certificate *Certificate // nil: the server has none, or signs its own
}

// Interface is one of the machine's network interfaces that are up.
type Interface struct {
	Name      string
	Addresses []netip.Addr
}

const (
	leastFiles  = 4096      // descriptors; a participant needs a few
	leastMemory = 512 << 20 // bytes, for one room
	tileCores   = 0.04      // of a core for a tile of 360p at 30 pictures a second
	viewCores   = 0.16      // of a core for a view of 720p at 30 pictures a second
	tileMemory  = 40 << 20  // bytes for the decoder of a tile
)

// Examine returns what is found, in the order in which an operator sets a machine up.
func Examine(m Machine) []Finding {
	all := slices.Concat([]Finding{m.port()}, m.ports(), []Finding{m.addresses(), m.ipv6()}, m.relays(), m.certificate(),
		[]Finding{m.clock(), m.files(), m.memory(), m.cpu(), m.data(), m.ffmpeg()})
	var found []Finding
	for _, f := range all {
		if f.Text != "" {
			found = append(found, f)
		}
	}
	return found
}

func (m Machine) port() Finding {
	if m.PortTaken != "" {
		return Finding{Bad, fmt.Sprintf("The address %s cannot be opened: %s. Stop the program that has it (ss -ltnp shows it), or take another: --listen ADDRESS or --port PORT.", m.Listen, m.PortTaken)}
	}
	return Finding{Good, fmt.Sprintf("The address %s can be opened.", m.Listen)}
}

// addresses tells how clients reach media, which NAT and Docker hide.
func (m Machine) addresses() Finding {
	var private, public []string
	for _, i := range m.Interfaces {
		if bridge(i.Name) {
			continue
		}
		for _, a := range i.Addresses {
			switch {
			case a.IsLoopback() || a.IsLinkLocalUnicast():
			case a.IsPrivate():
				private = append(private, a.String())
			default:
				public = append(public, a.String())
			}
		}
	}
	seen, known := m.seen()
	switch {
	case len(m.Public) > 0:
		return Finding{Good, fmt.Sprintf("Clients reach media at %s (--public-ip).", texts(m.Public))}
	case m.Container && len(public) == 0 && len(private) > 0:
		return Finding{Bad, fmt.Sprintf("The server runs in a container, whose address %s no client reaches. Give it the address of the host and a port that the container has outside too: --public-ip ADDRESS-OF-THE-HOST --port 443.", strings.Join(private, ", "))}
	case len(public) > 0:
		return Finding{Good, fmt.Sprintf("The machine has a public address: %s.", strings.Join(public, ", "))}
	case len(private) > 0 && known:
		return Finding{Bad, fmt.Sprintf("The machine has private addresses only: %s. Others see it at %s. Clients of the internet need --public-ip %s and a port that the router passes on: --port PORT.", strings.Join(private, ", "), seen, seen)}
	case len(private) > 0:
		return Finding{Hint, fmt.Sprintf("The machine has private addresses only: %s. Clients of this network reach it. Behind NAT, clients of the internet need --public-ip ADDRESS-OF-THE-ROUTER and a port that the router passes on: --port PORT.", strings.Join(private, ", "))}
	}
	return Finding{Bad, "The machine has no address but its loopback: clients of other machines reach nothing. Connect it to a network."}
}

// ipv6 tells where clients with IPv6 alone find nothing.
func (m Machine) ipv6() Finding {
	for _, i := range m.Interfaces {
		for _, a := range i.Addresses {
			if a.Is6() && !a.IsLoopback() && !a.IsLinkLocalUnicast() {
				return Finding{Good, fmt.Sprintf("The machine has IPv6: %s.", a)}
			}
		}
	}
	return Finding{Hint, "The machine has no IPv6 address. Clients with IPv6 alone reach the server through a translator of their provider only."}
}

func (m Machine) files() Finding {
	if m.Files > 0 && m.Files < leastFiles {
		return Finding{Hint, fmt.Sprintf("The process may open %d files and connections. Large calls need more: ulimit -n 65536, or LimitNOFILE=65536 in the unit.", m.Files)}
	}
	return Finding{}
}

func (m Machine) memory() Finding {
	if m.Memory > 0 && m.Memory < leastMemory {
		return Finding{Hint, fmt.Sprintf("The process may use %d MiB of memory. A room needs about %d MiB.", m.Memory>>20, leastMemory>>20)}
	}
	return Finding{}
}

// cpu tells what the machine carries, for a first idea.
func (m Machine) cpu() Finding {
	tiles, views := m.Carries()
	text := fmt.Sprintf("This machine carries about %d tiles, or %d views of 720p (%d cores). tilemix bench measures it.", tiles, views, m.CPUs)
	if !m.Vectors {
		return Finding{Hint, text + " Its CPU has no AVX2, so pictures cost more than that."}
	}
	return Finding{Good, text}
}

// Carries returns about how many tiles, or how many views without a tile, the machine can have.
func (m Machine) Carries() (tiles, views int) {
	tiles = int(float64(m.CPUs) / tileCores)
	if m.Memory > 0 {
		tiles = min(tiles, int(m.Memory/4/tileMemory))
	}
	return tiles, int(float64(m.CPUs) / viewCores)
}

func (m Machine) data() Finding {
	if m.Data != nil {
		return Finding{Bad, fmt.Sprintf("The data folder cannot be written (%v), so nothing can be recorded. Name another: --data-dir DIR.", m.Data)}
	}
	return Finding{Good, "The data folder can be written."}
}

func (m Machine) ffmpeg() Finding {
	if m.FFmpeg != nil {
		return Finding{Hint, fmt.Sprintf("FFmpeg does not work (%v): there are no outputs and inputs, and recordings have Opus instead of AAC. On Debian and Ubuntu: sudo apt install ffmpeg.", m.FFmpeg)}
	}
	return Finding{Good, "FFmpeg works."}
}

// bridge tells whether an interface joins containers of this machine.
func bridge(name string) bool {
	return name == "docker0" || strings.HasPrefix(name, "br-") || strings.HasPrefix(name, "veth") || strings.HasPrefix(name, "virbr")
}

func texts(all []netip.Addr) string {
	var out []string
	for _, a := range all {
		out = append(out, a.String())
	}
	return strings.Join(out, ", ")
}
