package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"rsc.io/qr"

	"tilemix/mcu/demux"
	"tilemix/signaling"
	"tilemix/signaling/certs"
)

// tlsSettings are the operator's settings of TLS.
type tlsSettings struct {
	TLS           string   `name:"tls" env:"TILEMIX_TLS" enum:"off,self,files,acme" default:"off" help:"How the server gets its certificate: off serves plain HTTP; self signs by an authority of its own for a local network; files reads one; acme orders one, such as from Let's Encrypt."`
	Domains       []string `name:"domain" placeholder:"NAME" help:"Name of this server on the internet, for --tls acme. Repeatable."`
	TLSCert       string   `name:"tls-cert" env:"TILEMIX_TLS_CERT" placeholder:"FILE" help:"Certificate with its chain, PEM, for --tls files."`
	TLSKey        string   `name:"tls-key" env:"TILEMIX_TLS_KEY" placeholder:"FILE" help:"Key of the certificate, PEM, for --tls files."`
	ACMEEmail     string   `name:"acme-email" env:"TILEMIX_ACME_EMAIL" placeholder:"ADDRESS" help:"Address to which the authority writes."`
	ACMEDirectory string   `name:"acme-directory" env:"TILEMIX_ACME_DIRECTORY" placeholder:"URL" help:"Authority that is asked for certificates, by its ACME directory. Let's Encrypt by default."`
	ACMEEAB       secret   `name:"acme-eab" env:"TILEMIX_ACME_EAB" placeholder:"ID:KEY" help:"Binding of an account that the authority knows, the key in base64url."`
	HTTPListen    string   `name:"http-listen" env:"TILEMIX_HTTP_LISTEN" placeholder:"ADDRESS" help:"Second address, such as :80, that redirects to TLS and answers ACME's HTTP-01."`
}

// door is where clients come in.
type door struct {
	listener   net.Listener
	parts      runAll // beside the site
	wrap       func(http.Handler) http.Handler
	url        string
	authority  *certs.Authority // nil, unless the server has its own
	shared     *onePort         // nil without --port
	collectors []prometheus.Collector
	names      *atomic.Pointer[[]string] // of this server, for redirects
}

// rename sets other names of this server.
func (d *door) rename(names []string) {
	names = slices.Clone(names)
	for i, name := range names {
		names[i] = strings.ToLower(name)
	}
	d.names.Store(&names)
}

// newDoor puts TLS in front of a listener, as the settings say. It starts nothing.
func newDoor(ctx context.Context, s *settings, listener net.Listener, log *slog.Logger) (*door, error) {
	if idle := s.idle(); idle != "" {
		return nil, fmt.Errorf("%s does nothing with --tls %s", idle, s.TLS)
	}
	if s.TLS == "off" {
		d := &door{listener: listener, url: address("http", listener), names: new(atomic.Pointer[[]string]), wrap: func(h http.Handler) http.Handler { return h }}
		if s.Port != 0 {
			port := demux.New(listener, nil, log)
			d.listener, d.parts = port.Listen(demux.HTTP), runAll{port}
			d.collectors = append(d.collectors, portMetric(port))
			d.share(s, port, nil)
		}
		return d, nil
	}
	d := &door{wrap: certs.Strict, url: address("https", listener), names: new(atomic.Pointer[[]string])}
	d.rename(s.names())
	source, plain, err := d.source(s, listener, log)
	if err != nil {
		return nil, err
	}
	d.count(source)
	port := demux.New(listener, certs.Config(source), log)
	d.collectors = append(d.collectors, portMetric(port))
	d.listener = port.Listen(demux.TLS)
	d.parts = runAll{source, port, &plainServer{port.Listen(demux.HTTP), plain(known(d.names, certs.Redirect("")))}}
	if s.Port != 0 {
		d.share(s, port, source)
	}
	if s.HTTPListen != "" {
		second, err := new(net.ListenConfig).Listen(ctx, "tcp", s.HTTPListen)
		if err != nil {
			return nil, fmt.Errorf("--http-listen: %w", err)
		}
		_, number, _ := net.SplitHostPort(listener.Addr().String())
		d.parts = append(d.parts, &plainServer{s.bounded(second, redirectShare), plain(known(d.names, certs.Redirect(number)))})
	}
	return d, nil
}

// idle names a setting that is given and that the kind of TLS does not use, or returns "". An operator
// who gives one expects something of it.
func (s *tlsSettings) idle() string {
	switch files, acme := s.TLS == "files", s.TLS == "acme"; {
	case s.TLSCert != "" && !files:
		return "--tls-cert is for --tls files and"
	case s.TLSKey != "" && !files:
		return "--tls-key is for --tls files and"
	case len(s.Domains) > 0 && !acme:
		return "--domain is for --tls acme, --host names this server otherwise, and --domain"
	case s.HTTPListen != "" && s.TLS == "off":
		return "--http-listen redirects to TLS and"
	case (s.ACMEEmail != "" || s.ACMEDirectory != "" || s.ACMEEAB != "") && !acme:
		return "a setting of --acme is for --tls acme and"
	}
	return ""
}

// known serves requests to names of this server only, so that a redirect leads to no other.
func known(names *atomic.Pointer[[]string], next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !signaling.Known(*names.Load(), r.Host) {
			http.Error(w, "This server does not go by that name. Its operator can add it with --host.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// source returns where the certificate comes from, and what is served without TLS beside a redirect.
func (d *door) source(s *settings, listener net.Listener, log *slog.Logger) (source certs.Source, plain func(http.Handler) http.Handler, err error) {
	nothing := func(redirect http.Handler) http.Handler { return redirect }
	if s.TLS == "files" {
		if s.TLSCert == "" || s.TLSKey == "" {
			return nil, nil, errors.New("--tls files needs --tls-cert FILE and --tls-key FILE")
		}
		files, err := certs.NewFiles(s.TLSCert, s.TLSKey, log)
		return files, nothing, err
	}
	name, _ := os.Hostname()
	dir := filepath.Join(s.DataDir, "tls")
	authority, err := certs.OpenAuthority(dir, name, time.Now())
	if err != nil {
		return nil, nil, err
	}
	self, err := certs.NewSelf(authority, log)
	if err != nil {
		return nil, nil, err
	}
	if s.TLS == "acme" {
		orders, err := certs.NewACME(certs.ACMEConfig{
			Domains: s.Domains, Dir: dir, Email: s.ACMEEmail, Directory: s.ACMEDirectory, EAB: string(s.ACMEEAB), Meanwhile: self,
		}, log)
		if err != nil {
			return nil, nil, err
		}
		d.url = named(d.url, s.Domains[0])
		return orders, orders.Plain, nil
	}
	d.authority = authority
	if ip := self.Address(); ip != nil && listener.Addr().(*net.TCPAddr).IP.IsUnspecified() {
		d.url = named(d.url, ip.String())
	}
	pages := func(next http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", next)
		mux.Handle("/ca", authority.Pages())
		mux.Handle("/ca/", authority.Pages())
		return mux
	}
	d.wrap = pages
	return self, pages, nil
}

// named returns a URL with another host.
func named(url, host string) string {
	port := url[strings.LastIndex(url, ":")+1:]
	if port == "443" {
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, port)
}

// count makes the metrics of a certificate.
func (d *door) count(source certs.Source) {
	if s, ok := source.(interface{ Expiry() time.Time }); ok {
		d.collectors = append(d.collectors, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "tilemix_tls_certificate_expiry_seconds", Help: "Time until the certificate ends; negative without one.",
		}, func() float64 { return time.Until(s.Expiry()).Seconds() }))
	}
	if s, ok := source.(interface{ Errors() uint64 }); ok {
		d.collectors = append(d.collectors, prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "tilemix_tls_reload_errors_total", Help: "Certificates that could not be read or ordered.",
		}, func() float64 { return float64(s.Errors()) }))
	}
}

// greeting is what the operator reads as the server starts.
func (d *door) greeting() string {
	text := fmt.Sprintf("tilemix serves on %s\n", d.url)
	if d.authority == nil {
		return text
	}
	code, err := qr.Encode(d.url, qr.L)
	if err != nil {
		return text
	}
	return text + drawn(code) + fmt.Sprintf("Devices trust this server once, by %s/ca. SHA-256 of its authority:\n%s\n", strings.Replace(d.url, "https", "http", 1), d.authority.Fingerprint())
}

// drawn returns a code for a terminal, two rows a line, with a margin of two.
func drawn(code *qr.Code) string {
	const margin = 2
	var b strings.Builder
	for y := -margin; y < code.Size+margin; y += 2 {
		for x := -margin; x < code.Size+margin; x++ {
			switch upper, lower := code.Black(x, y), code.Black(x, y+1); {
			case upper && lower:
				b.WriteRune(' ')
			case upper:
				b.WriteRune('▄')
			case lower:
				b.WriteRune('▀')
			default:
				b.WriteRune('█')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// plainServer serves HTTP without TLS.
type plainServer struct {
	listener net.Listener
	handler  http.Handler
}

// Run serves until ctx ends, and then returns nil.
func (p *plainServer) Run(ctx context.Context) error {
	server := &http.Server{Handler: p.handler, MaxHeaderBytes: maxHeader, ReadTimeout: headerTimeout, WriteTimeout: headerTimeout, IdleTimeout: idleTimeout}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	err := server.Serve(p.listener)
	if ctx.Err() != nil {
		return nil
	}
	return except(err, http.ErrServerClosed)
}
