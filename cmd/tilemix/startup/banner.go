package startup

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
)

// Banner is what the operator has to know as the server starts: all that a firewall has to let
// through, and where files are. Addresses that are "" do not exist.
type Banner struct {
	URL      string       `json:"url"`
	Build    Build        `json:"build"`
	Listen   string       `json:"listen"`             // of HTTP
	Redirect string       `json:"redirect,omitempty"` // to TLS
	TLS      string       `json:"tls"`                // as --tls has it
	Media    []Socket     `json:"media"`
	TURN     int          `json:"turnPort,omitempty"` // UDP and TCP; 0: there is none
	Public   []netip.Addr `json:"publicIP,omitempty"`
	Metrics  string       `json:"metrics,omitempty"` // of its own; "": /metrics of URL
	Profiles string       `json:"pprof,omitempty"`
	Data     string       `json:"dataDir"` // absolute
	Config   string       `json:"config,omitempty"`
	Hints    []string     `json:"hints,omitempty"` // what to do about what will not work
}

// Socket is where media is received, UDP and TCP.
type Socket = netip.AddrPort

// WriteJSON writes the banner as one line.
func (b Banner) WriteJSON(out io.Writer) error {
	return json.NewEncoder(out).Encode(struct {
		Message string `json:"msg"`
		Banner
	}{"tilemix serves", b})
}

// WriteText writes the banner for people, without the line that has the URL.
func (b Banner) WriteText(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "  %s\t%s\n", name, value)
		}
	}
	row("version", b.Build.String())
	row("web", b.Listen+" TCP, TLS "+b.TLS)
	row("redirect", with(b.Redirect, " TCP"))
	row("media", b.media())
	if b.TURN > 0 {
		row("TURN", fmt.Sprintf("port %d UDP and TCP", b.TURN))
	}
	row("public IP", joined(b.Public))
	row("metrics", b.metrics())
	row("profiles", with(b.Profiles, "/debug/pprof/"))
	row("data", b.Data)
	row("settings", b.Config)
	if err := table.Flush(); err != nil {
		return err
	}
	for _, hint := range b.Hints {
		if _, err := fmt.Fprintln(out, "  "+hint); err != nil {
			return err
		}
	}
	return nil
}

// media says where media is received: the ports, and then the addresses.
func (b Banner) media() string {
	var ports []uint16
	var at []netip.Addr
	for _, s := range b.Media {
		if !slices.Contains(ports, s.Port()) {
			ports = append(ports, s.Port())
		}
		if !slices.Contains(at, s.Addr()) {
			at = append(at, s.Addr())
		}
	}
	if len(ports) == 0 {
		return "no address yet"
	}
	return fmt.Sprintf("port %s UDP and TCP at %s", joined(ports), joined(at))
}

func (b Banner) metrics() string {
	if b.Metrics == "" {
		return b.URL + "/metrics"
	}
	return "http://" + b.Metrics + "/metrics"
}

func with(text, more string) string {
	if text == "" {
		return ""
	}
	return text + more
}

func joined[T any](all []T) string {
	texts := make([]string, 0, len(all))
	for _, v := range all {
		texts = append(texts, fmt.Sprint(v))
	}
	return strings.Join(texts, ", ")
}
