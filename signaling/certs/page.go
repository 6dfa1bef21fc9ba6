package certs

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("ca").Parse(pageText))

// Pages serves what a device needs to trust the authority, at /ca and below: instructions, the
// certificate, and a profile for iOS. They are no secret, and come without TLS too.
func (a *Authority) Pages() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ca", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		_ = page.Execute(w, a)
	})
	mux.HandleFunc("GET /ca/tilemix.crt", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-x509-ca-cert")
		_, _ = w.Write(a.PEM())
	})
	mux.HandleFunc("GET /ca/tilemix.mobileconfig", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-apple-aspen-config")
		_, _ = w.Write(a.profile())
	})
	return mux
}

// profile returns Apple's configuration profile with the authority in it.
func (a *Authority) profile() []byte {
	sum := sha256.Sum256(a.cert.Raw)
	id := func(n byte) string {
		b := sum[n : n+16]
		return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
	}
	return fmt.Appendf(nil, `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>tilemix.ca.%[1]s</string>
<key>PayloadUUID</key><string>%[1]s</string>
<key>PayloadDisplayName</key><string>%[3]s</string>
<key>PayloadContent</key><array><dict>
<key>PayloadType</key><string>com.apple.security.root</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>tilemix.ca.%[2]s</string>
<key>PayloadUUID</key><string>%[2]s</string>
<key>PayloadDisplayName</key><string>%[3]s</string>
<key>PayloadContent</key><data>%[4]s</data>
</dict></array>
</dict></plist>
`, id(0), id(8), template.HTMLEscapeString(a.cert.Subject.CommonName), base64.StdEncoding.EncodeToString(a.cert.Raw))
}
