// Package credential has what all ways into a room have in common: what a credential grants, how
// secrets are made and kept, and the closed list of refusals.
//
//	text ─▶ package token, key or invite ─▶ Claims, or a Refusal with its code ─▶ HTTP status
//
// Secrets have 256 random bits. The server keeps only their SHA-256: nobody can try 2^256 inputs, so
// a slow hash would protect nothing and would cost each request milliseconds. PINs have few bits;
// package pin hashes them slowly.
//
// The package has no state. No text of an error has any part of a credential in it.
package credential
