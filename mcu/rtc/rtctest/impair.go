package rtctest

import "tilemix/mcu/rtc/rtctest/network"

// Line is what lies between a client and the server. The zero value is the
// machine's own loopback. It is no more than a description: Options.Line says what
// a client starts with, and Client.Impair changes it while it runs.
type Line struct {
	Up, Down Impairment // from the client, to the client
	// Seed begins the random numbers of both ways. The same packets meet the same
	// fate, as long as they come in the same order and nobody calls Impair.
	Seed uint64
}

// Both returns a line that is as bad one way as the other.
func Both(i Impairment) Line { return Line{Up: i, Down: i} }

// Impairment is what becomes of packets that go one way.
type Impairment = network.Impairment

// Traffic counts what went one way over a line since its client was made.
type Traffic = network.Traffic
