//go:build race

package udp

// raceDetector says that the race detector is on, under which a sync.Pool drops some of
// what it is given.
const raceDetector = true
