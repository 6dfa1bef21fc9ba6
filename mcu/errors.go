package mcu

import (
	"errors"

	"tilemix/mcu/rtc"
)

// What a caller can be told. Errors of this package wrap one of these.
var (
	// ErrBadName is returned for a room's or a participant's name that is not
	// one.
	ErrBadName = errors.New("bad name")
	// ErrBadSDP is returned for an offer or candidate that cannot be read.
	ErrBadSDP = rtc.ErrBadSDP
	// ErrNoCodec is returned for an offer without a codec in common; the text
	// says which is missing.
	ErrNoCodec = rtc.ErrNoCodec
	// ErrNotFound is returned for a room or participant that is not there.
	ErrNotFound = errors.New("not found")
	// ErrRoomFull is returned when a room has all the participants it may have.
	ErrRoomFull = errors.New("room is full")
	// ErrServerFull is returned when the server has all the rooms it may have.
	ErrServerFull = errors.New("server has no more rooms")
	// ErrTooOften is returned to who comes back again and again.
	ErrTooOften = errors.New("too often")
	// ErrClosed is returned when the server or the participant is no more.
	ErrClosed = errors.New("closed")
)
