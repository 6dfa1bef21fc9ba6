// Package sandbox takes from a process what it does not need, before it reads what strangers send.
//
//	Lock ─▶ limits of memory and files ─▶ Landlock: no path, no network ─▶ seccomp: a list of system calls
//
// A fault in a decoder's C code then reaches the memory of that process and nothing else. Each
// layer stands alone, because kernels differ and a layer may have a fault of its own. What a kernel
// lacks is left out; [Level] says which layers there are.
//
// [Landlock] takes paths and the network from all threads of the process (landlock(7)). Seccomp ends
// the process at each system call that is not in the table in calls.go (seccomp(2)). Go's runtime,
// the C library and the codecs need those in the table, and a test fails when one needs another.
//
// [Program.Become] makes the process another program behind such layers. Nobody knows which system calls a
// program of others needs, so seccomp refuses those that it must not make (foreign, in calls.go). Landlock leaves
// it the system's libraries to read, and one port to connect to.
package sandbox
