package sandbox

import (
	"runtime"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"
)

// calls are the system calls that a codec worker makes after [Lock]. None opens a file or a
// socket, starts a program or reaches another process.
var calls = []string{
	// Its socket and its pipe to the runtime's poller.
	"read", "write", "close", "epoll_pwait", "epoll_ctl",
	// Memory without code: see codeless.
	"munmap", "mremap", "madvise", "brk",
	// Threads, and how they wait.
	"clone", "clone3", "futex", "set_robust_list", "rseq", "sched_yield", "sched_getaffinity",
	"nanosleep", "clock_nanosleep", "clock_gettime", "gettid", "exit", "exit_group",
	// Signals of the process to itself: see inward.
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall", "getpid",
	// Random numbers of Go's maps.
	"getrandom",
}

// older are calls that only some architectures have.
var older = map[string][]string{"amd64": {"epoll_wait", "arch_prctl"}}

// denied are calls that return an error (EPERM) instead of ending the process. Go's runtime names its
// mappings by prctl, and the C library looks for the system's way of giving memory before it gives
// some back (openat). Both do without.
var denied = []string{"prctl", "openat"}

// codeless are calls that are allowed unless they make memory executable (argument 2).
var codeless = []string{"mmap", "mprotect", "pkey_mprotect"}

// foreign are what a [Program] does without: calls that reach other processes, that make or change mounts,
// and parts of the kernel that have had most faults. They return EPERM.
var foreign = []string{
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "kcmp",
	"io_uring_setup", "io_uring_enter", "io_uring_register", "bpf", "perf_event_open", "userfaultfd",
	"mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_by_handle_at", "name_to_handle_at",
	"keyctl", "add_key", "request_key", "init_module", "finit_module", "delete_module", "kexec_load", "mknodat",
	"setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "capset", "personality",
}

// The bits of socket's arguments that tell sockets apart, as sys/socket.h has them. Addresses of IPv4 (2) and
// IPv6 (10) have inet; those of this machine (1), netlink (16) and raw packets (17) do not.
const (
	inet     = 2   // argument 0
	stream   = 1   // argument 1; of raw sockets too
	datagram = 2   // argument 1; of raw sockets too
	several  = 256 // argument 2: TCP by several paths, which Landlock does not see
)

// policy returns the filter's table for a program with such a reach.
func (r Reach) policy() seccomp.Policy {
	denied := seccomp.SyscallGroup{Action: seccomp.ActionErrno, Names: foreign}
	if r == (Reach{}) {
		denied.Names = append([]string{"socket"}, foreign...)
	} else {
		other := uint64(datagram)
		if r.UDP {
			other = stream
		}
		for _, c := range []seccomp.Condition{
			{Argument: 0, Operation: seccomp.BitsNotSet, Value: inet},
			{Argument: 1, Operation: seccomp.BitsSet, Value: other},
			{Argument: 2, Operation: seccomp.BitsSet, Value: several},
		} {
			denied.NamesWithCondtions = append(denied.NamesWithCondtions, seccomp.NameWithConditions{Name: "socket", Conditions: seccomp.ArgumentConditions{c}})
		}
	}
	return seccomp.Policy{DefaultAction: seccomp.ActionAllow, Syscalls: []seccomp.SyscallGroup{denied}}
}

// policy returns the filter's table for the process pid.
func policy(pid int) seccomp.Policy {
	allowed := append(append([]string{}, calls...), older[runtime.GOARCH]...)
	var conditions []seccomp.NameWithConditions
	for _, name := range codeless {
		conditions = append(conditions, seccomp.NameWithConditions{Name: name, Conditions: seccomp.ArgumentConditions{
			{Argument: 2, Operation: seccomp.BitsNotSet, Value: unix.PROT_EXEC},
		}})
	}
	conditions = append(conditions, seccomp.NameWithConditions{Name: "tgkill", Conditions: seccomp.ArgumentConditions{
		{Argument: 0, Operation: seccomp.Equal, Value: uint64(pid)},
	}})
	return seccomp.Policy{
		DefaultAction: seccomp.ActionKillProcess,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionAllow, Names: allowed, NamesWithCondtions: conditions},
			{Action: seccomp.ActionErrno, Names: denied},
		},
	}
}
