package rtsp

import (
	"errors"
	"net"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
)

// refused reports whether a camera answers, but not for RTP over TCP.
func refused(err error) bool {
	if status, ok := errors.AsType[liberrors.ErrClientBadStatusCode](err); ok {
		switch status.Code {
		case base.StatusUnauthorized, base.StatusForbidden, base.StatusNotFound:
			return false
		}
		return true
	}
	var header liberrors.ErrClientTransportHeaderInvalid
	var channels liberrors.ErrClientTransportHeaderNoInterleavedIDs
	var other liberrors.ErrClientServerRequestedUDP
	return errors.As(err, &header) || errors.As(err, &channels) || errors.As(err, &other)
}

// plain returns an error without the addresses that the connection had, because a name of an inner
// network must not be looked up by others.
func plain(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Err
	}
	return err
}
