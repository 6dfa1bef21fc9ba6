package main

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// pictureSize is a size of pictures in pixels, such as 1280x720.
type pictureSize image.Point

// UnmarshalText reads a pictureSize. kong uses it for flags, environment and file.
func (p *pictureSize) UnmarshalText(text []byte) error {
	const most = 1 << 14
	w, h, _ := strings.Cut(string(text), "x")
	width, errW := strconv.Atoi(w)
	height, errH := strconv.Atoi(h)
	if errW != nil || errH != nil || min(width, height) < 16 || max(width, height) > most {
		return fmt.Errorf("must be WIDTHxHEIGHT in pixels, 16x16 to %dx%d, such as 1920x1080, not %q", most, most, text)
	}
	*p = pictureSize(image.Pt(width, height))
	return nil
}

// mebibytes is an amount of memory or disk in MiB. 0 leaves it to the server.
type mebibytes int64

// UnmarshalText reads mebibytes. kong uses it for flags, environment and file.
func (m *mebibytes) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 32)
	if err != nil || n < 0 {
		return fmt.Errorf("must be a whole number of MiB, 0 or more, not %q", text)
	}
	*m = mebibytes(n)
	return nil
}

// or returns the amount in bytes, or another where it is 0.
func (m mebibytes) or(other int64) int64 {
	if m == 0 {
		return other
	}
	return int64(m) << 20
}

// span is a length of time, 0 or more.
type span time.Duration

// UnmarshalText reads a span. kong uses it for flags, environment and file.
func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("must be a length of time such as 90m or 12h, or 0, not %q", text)
	}
	*s = span(d)
	return nil
}

// writable returns why this process could not write into a folder, which need not be there yet.
func writable(dir string) error {
	for {
		err := unix.Access(dir, unix.W_OK|unix.X_OK)
		if parent := filepath.Dir(dir); errors.Is(err, unix.ENOENT) && parent != dir {
			dir = parent
			continue
		}
		if err != nil {
			return err
		}
		return tried(dir)
	}
}

// tried returns why a folder takes no file. Access says too little of folders such as /proc.
func tried(dir string) error {
	f, err := os.CreateTemp(dir, ".tilemix-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// machineMemory returns the bytes of memory that this process may use: those of the machine, or of
// its control group if they are fewer.
func machineMemory() int64 {
	most := int64(math.MaxInt64)
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		most = int64(info.Totalram) * int64(info.Unit)
	}
	text, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return most
	}
	if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil {
		most = min(most, n)
	}
	return most
}

// publicIP is an address by which clients reach the server.
type publicIP struct{ netip.Addr }

// UnmarshalText reads a publicIP. kong uses it for flags, environment and file.
func (p *publicIP) UnmarshalText(text []byte) error {
	at, err := netip.ParseAddr(string(text))
	if err != nil || at.Zone() != "" || at.IsUnspecified() {
		return fmt.Errorf("must be an IP address such as 203.0.113.7, not %q; a name has addresses that change", text)
	}
	p.Addr = at.Unmap()
	return nil
}
