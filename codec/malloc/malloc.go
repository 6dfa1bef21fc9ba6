// Package malloc bounds the memory that the C library keeps for itself after the
// codecs have freed it.
//
// glibc has two habits that make a server grow. It gives threads arenas of their own,
// up to eight for each processor. And each large block that a codec frees raises the
// size from which glibc maps blocks directly, so that pictures soon lie inside arenas,
// which shrink only from their end. [Bound] ends both habits. [Trim] returns what is
// free inside the arenas.
//
// With another C library the functions of this package do nothing.
package malloc

// #include <stdlib.h>
// #ifdef __GLIBC__
// #include <malloc.h>
//
// static int bound(int arenas, int threshold, int maps, int top) {
// 	return mallopt(M_ARENA_MAX, arenas) & mallopt(M_MMAP_THRESHOLD, threshold) &
// 		mallopt(M_MMAP_MAX, maps) & mallopt(M_TRIM_THRESHOLD, top);
// }
//
// static int trim(void) { return malloc_trim(0); }
// #else
// static int bound(int arenas, int threshold, int maps, int top) { return 1; }
// static int trim(void) { return 0; }
// #endif
import "C"

const (
	// arenas is how many arenas all threads share. Codecs allocate when they are made,
	// and hardly at all from picture to picture.
	arenas = 2
	// threshold is the size in bytes from which a block has a mapping of its own, which
	// free returns to the system. A picture of 640x360 is larger.
	threshold = 256 << 10
	// top is the most bytes that are kept free at the end of an arena. The many blocks
	// of a decoder that are smaller than threshold fit, so that a decoder that is made
	// again after packet loss does not cost page faults for them.
	top = 2 << 20
	// maps is the most blocks with a mapping of their own. The system allows a process
	// 65,530 mappings (vm.max_map_count), and Go needs some.
	maps = 16 << 10
)

// Bound sets the bounds. It is called once, before the first codec is made; blocks that
// were allocated before are not affected. It returns false if the C library refused a
// bound.
func Bound() bool { return C.bound(arenas, threshold, maps, top) != 0 }

// Trim returns free memory of the C library to the system. It returns false if there
// was none. Threads that allocate in C meanwhile wait, up to some milliseconds, so the
// caller chooses a time at which no codec works. It is safe for concurrent use.
func Trim() bool { return C.trim() != 0 }
