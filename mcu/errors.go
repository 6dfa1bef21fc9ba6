package mcu

import (
	"errors"

	"tilemix/mcu/room"
	"tilemix/mcu/rtc"
)

// What a caller may decide by. Errors of this package wrap one of these.
var (
	// ErrBadName is returned for the name of a room or a participant that is not
	// valid.
	ErrBadName = errors.New("bad name")
	// ErrBadSDP is returned for an offer or candidate that cannot be read.
	ErrBadSDP = rtc.ErrBadSDP
	// ErrNoCodec is returned for an offer without a codec in common; the text
	// says which is missing.
	ErrNoCodec = rtc.ErrNoCodec
	// ErrNotFound is returned for a room or participant that is not there.
	ErrNotFound = room.ErrNotFound
	// ErrRoomFull is returned when a room has all the participants it may have.
	ErrRoomFull = errors.New("room is full")
	// ErrServerFull is returned when the server has all the rooms it may have.
	ErrServerFull = errors.New("server has no more rooms")
	// ErrClosed is returned when the server or the participant has ended.
	ErrClosed = room.ErrClosed
)
