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
