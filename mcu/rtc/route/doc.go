// Package route takes a client's packets apart: which stream of which media section each is of.
// It works by what was answered, and by what packets say of themselves (RFC 9143 §9.2).
//
//	SRTP ── one lane an SSRC ──▶ Router ──┬▶ Stream ── Read ──▶ rtc.Track
//	                                      ├▶ repairs (RTX), put back into the stream they repair
//	                                      ├▶ layers that are not read: the Router only notices their key frames
//	                                      └▶ unbound: counted by reason, and dropped
//
// pion binds packets to tracks itself, but it needs each SSRC declared, or a mid and a rid on
// the first packets; what it cannot bind it buffers for ever. A Router is pion's buffer factory
// instead, so that each decrypted packet comes only here. Packets drive everything;
// there is no goroutine and no timer.
package route
