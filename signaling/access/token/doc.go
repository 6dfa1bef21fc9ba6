// Package token verifies JSON Web Tokens (RFC 7519) and says what they grant.
//
//	text ─▶ Verifier.Verify ─▶ key of the token's algorithm ─▶ signature, exp, nbf ─▶ claims ─▶ credential.Claims
//	             keys: files (PEM, or a secret), JWKS (RFC 7517, a file or a URL)
//
// # Keys
//
// A key has one algorithm, which follows from its kind: a secret HS256, RSA RS256, P-256 ES256,
// Ed25519 EdDSA. A token chooses among keys, never among algorithms for a key. So a token without a
// signature ("none") has no key, and neither has one whose HMAC was made with the text of a public
// key. A JWKS that came from a URL has no secrets in it.
//
// Files are looked at again every two seconds at most, while tokens arrive. The JWKS is kept for 15
// minutes. A token with an unknown key ID makes the Verifier fetch it earlier, once a minute at most.
// If a file or the JWKS is broken, the keys of before stay, and the log says why.
//
// # Tokens of other servers
//
// LiveKit's tokens have the claim "video", Jitsi's have "context" or the audience "jitsi", Galene's
// have "permissions". All others are of our own form. livekit.go, jitsi.go, galene.go and own.go
// say which rights come from what.
//
// The package starts no goroutine. Time is an argument.
package token
