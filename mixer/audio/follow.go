package audio

// edit is what a Strip did with the last block, but for what its gate says itself.
type edit struct {
	levelled bool
	in, out  bool // it was faded
}

// sides is what a Strip keeps of the two lanes that a stereo voice has beside its mono.
type sides struct {
	offset     offset // of the side
	side, rest lookback
}
