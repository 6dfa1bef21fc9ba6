// Package certs gives the server its certificates: from an authority of its own for a local
// network, from files, or from an ACME authority such as Let's Encrypt.
//
//	TCP ──▶ demux.Port ─┬─ first byte 0x16 ──▶ TLS, with the certificate of a Source ──▶ the site
//	                    └─ HTTP ─────────────▶ redirect to https, ACME's HTTP-01, /ca
//
// A Source is made without a goroutine. Its Run keeps the certificate up to date until the context
// ends: by the machine's addresses, by the times of files, or by the certificate's age. A
// handshake takes the certificate that is there and waits for nothing, but for the first one of
// an ACME authority.
//
// # Why
//
// Browsers give camera and microphone only to pages that came over TLS. On a local network no
// public authority signs addresses. A certificate without an authority is refused by phones, and
// one that is made anew at each start must be accepted anew each time. So the server has an
// authority of its own, made once, which a device trusts once. The authority is limited to private
// names and addresses (RFC 5280 §4.2.1.10), so a device that trusts it risks nothing elsewhere.
//
// ACME is golang.org/x/crypto/acme/autocert, which the program links already. It speaks HTTP-01 and
// TLS-ALPN-01, binds external accounts and renews after two thirds of a certificate's life.
package certs
