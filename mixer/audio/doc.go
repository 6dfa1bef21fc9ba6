// Package audio is the arithmetic of a conference's sound: which voices are in the mix, what
// each participant hears, and which participant has the floor. Everything is pure: no goroutine,
// no clock, no allocation in steady state.
//
//	voice ──▶ Strip ──▶ Mixer.Add ──▶ Mixer.Mix ─────▶ limiter ──▶ all who are silent
//	  │                        └────▶ Mixer.Minus ──▶ limiter ──▶ each who speaks
//	  └ level ──▶ Floor ──▶ who is speaking, who has the large tile
//
// A gate opens for what is louder than its microphone's own noise, and for what came up to 40 ms
// before. Noise is what stays as loud for seconds, because the level of speech falls in each
// second.
//
// A Leveller follows, so that all participants are equally loud for listeners and sinks. A Strip is
// both of them.
//
// A stereo voice is its mono and what that leaves out. All decisions are made by the mono. Strip.Follow
// does the same to the rest, and Stereo sums it.
//
// The limiter (pcm.Limiter) has state and belongs to the listener, so it is the
// caller's. Levels are RFC 6464's: -dBov, 0 is full scale and 127 is silence.
package audio
