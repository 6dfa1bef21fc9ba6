package ffmpeg

import "golang.org/x/sys/unix"

// Limits of a child. A stream of a stranger must not cost more, whatever its headers announce.
const (
	// niceness is how much lower the priority of Command.Lower is, because calls go first.
	niceness = 10
	// maxData (448 MiB) bounds the memory that a child writes. A transcode of 3840x2160 in HEVC with 10
	// bits takes 283 MB. Code of libraries, which children share, comes on top.
	maxData = 448 << 20
	// maxAddresses (1 GiB) bounds the address space, of which stacks of threads take much and use little.
	maxAddresses = 1 << 30
	// maxPixels is that of a picture of 4096x2176.
	maxPixels = "8912896"
	// maxAlloc (128 MiB) bounds one allocation, in bytes.
	maxAlloc = "134217728"
)

// bounded returns arguments with the limits before each input.
func bounded(args []string) []string {
	var all []string
	for _, arg := range args {
		if arg == "-i" {
			all = append(all, "-max_alloc", maxAlloc, "-max_pixels", maxPixels)
		}
		all = append(all, arg)
	}
	return all
}

// confine sets the limits of a process. It has begun its program, and has loaded nothing of a stream yet. A
// process in a cell sets those of memory itself, as it becomes FFmpeg.
func confine(pid int, lower, inCell bool) {
	if prio, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err == nil && lower { // 20 less the niceness (getpriority(2))
		_ = unix.Setpriority(unix.PRIO_PGRP, pid, min(20-prio+niceness, 19)) // of all threads
	}
	if inCell {
		return
	}
	for resource, most := range map[int]uint64{unix.RLIMIT_DATA: maxData, unix.RLIMIT_AS: maxAddresses, unix.RLIMIT_CORE: 0} {
		_ = unix.Prlimit(pid, resource, &unix.Rlimit{Cur: most, Max: most}, nil)
	}
}
