package sandbox

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
)

// Reach is the port to which a program may connect, on any host. The zero value is none: such a program has
// no network.
type Reach struct {
	UDP  bool // not TCP
	Port uint16
}

// Program is another program, which a process becomes.
type Program struct {
	Path  string
	Args  []string // from its name on
	Env   []string // variables, as NAME=value
	Files []string // that it may read besides the system's libraries, as far as they are there
	Reach Reach
	Data  uint64 // bytes that it may write to, with stacks and what it allocates
	Space uint64 // address space, bytes
}

const (
	// programFiles bounds the open files of a program.
	programFiles = 256

	mayRead landlock.AccessFSSet = ll.AccessFSReadFile
	mayList landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSReadDir
)

// readable are the system's libraries and what they need to check certificates. None has a secret of the
// server, and /proc, which has, is not among them.
var readable = []string{
	"/usr", "/lib", "/lib32", "/lib64", "/bin", "/nix/store", "/gnu/store",
	"/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/etc/pki/tls/certs", "/etc/pki/ca-trust", "/etc/ca-certificates", "/etc/gnutls", "/etc/crypto-policies",
	"/etc/alternatives", "/etc/fonts", "/etc/ld.so.cache", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/localtime",
	"/sys/devices/system", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random",
}

// loaders are what the kernel runs to load a program's libraries.
var loaders = []string{"/lib/ld-*", "/lib64/ld-*", "/lib/*/ld-*", "/usr/lib/ld-*", "/usr/lib64/ld-*", "/usr/lib/*/ld-*"}

// Become makes the process a program and locks it in. The program reads libraries, writes only to what is
// open, starts no other program, and reaches no other process. Layers that the kernel lacks are left out.
// tell gets those that there are, before the program begins; its error keeps the program from that.
// Become returns only where the process could not become the program.
func (p Program) Become(tell func(Level) error) error {
	// The kernel runs the program in this thread, and ends it with its parent.
	runtime.LockOSThread()
	path, err := unix.BytePtrFromString(p.Path)
	if err != nil {
		return fmt.Errorf("path of a program: %w", err)
	}
	args, err := syscall.SlicePtrFromStrings(p.Args)
	if err != nil {
		return fmt.Errorf("arguments of a program: %w", err)
	}
	env, err := syscall.SlicePtrFromStrings(p.Env)
	if err != nil {
		return fmt.Errorf("variables of a program: %w", err)
	}
	level := Level{Limits: bound(unix.RLIMIT_NOFILE, programFiles) == nil && bound(unix.RLIMIT_CORE, 0) == nil && bound(unix.RLIMIT_FSIZE, 0) == nil}
	level.Landlock = landlock.V11.BestEffort().Restrict(p.rules()...) == nil && landlocked()
	level.Seccomp = seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: p.Reach.policy()}) == nil
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("end with the parent: %w", err)
	}
	if err := tell(level); err != nil {
		return err
	}
	// Go's runtime may have more address space than the program, so it can do nothing between these calls.
	data, space := unix.Rlimit{Cur: p.Data, Max: p.Data}, unix.Rlimit{Cur: p.Space, Max: p.Space}
	_, _, _ = unix.RawSyscall(unix.SYS_SETRLIMIT, unix.RLIMIT_DATA, uintptr(unsafe.Pointer(&data)), 0)
	_, _, _ = unix.RawSyscall(unix.SYS_SETRLIMIT, unix.RLIMIT_AS, uintptr(unsafe.Pointer(&space)), 0)
	_, _, fault := unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&args[0])), uintptr(unsafe.Pointer(&env[0])))
	return fmt.Errorf("run %s: %w", filepath.Base(p.Path), fault)
}

// rules are what Landlock leaves to the program.
func (p Program) rules() []landlock.Rule {
	rules := []landlock.Rule{landlock.PathAccess(mayRead|ll.AccessFSWriteFile, os.DevNull)}
	var more landlock.AccessFSSet
	if script(p.Path) { // other programs do its work
		more = ll.AccessFSExecute
	}
	for _, name := range append(slices.Clone(readable), p.Files...) {
		if info, err := os.Stat(name); err == nil && info.IsDir() {
			rules = append(rules, landlock.PathAccess(mayList|more, name))
		} else if err == nil {
			rules = append(rules, landlock.PathAccess(mayRead|more, name))
		}
	}
	for _, name := range append(loaded(), p.Path) {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			rules = append(rules, landlock.PathAccess(mayRead|ll.AccessFSExecute, name))
		}
	}
	switch {
	case p.Reach.UDP:
		rules = append(rules, landlock.ConnectSendUDP(p.Reach.Port), landlock.BindUDP(0))
	case p.Reach.Port != 0:
		rules = append(rules, landlock.ConnectTCP(p.Reach.Port))
	}
	return rules
}

// script tells whether a file is a script, which another program reads.
func script(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var begin [2]byte
	_, err = io.ReadFull(f, begin[:])
	return err == nil && string(begin[:]) == "#!"
}

// loaded returns the loaders of this machine.
func loaded() (all []string) {
	for _, pattern := range loaders {
		found, _ := filepath.Glob(pattern) // the patterns are none that Glob refuses
		all = append(all, found...)
	}
	return all
}
