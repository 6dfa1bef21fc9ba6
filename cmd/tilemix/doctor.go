package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/cpu"
	"golang.org/x/sys/unix"

	"tilemix/cmd/tilemix/doctor"
	"tilemix/mcu/record"
)

// doctorCommand is "tilemix doctor".
type doctorCommand struct {
	Config string `placeholder:"FILE" help:"Settings file of the server."`
}

// errIll ends the command where something will not work.
var errIll = errors.New("something will not work: see above")

// Run looks at the machine for a server with these settings, and fails if something will not work.
// The server must not run, because its port is tried.
func (c *doctorCommand) Run(app *kong.Kong) error {
	args := []string{"serve"}
	if c.Config != "" {
		args = append(args, "--config", c.Config)
	}
	s, _, err := parseSettings(args)
	if err != nil {
		return err
	}
	var ill error
	for _, f := range doctor.Examine(machine(s)) {
		fmt.Fprintf(app.Stdout, "%-5s %s\n", f.Level, f.Text)
		if f.Level == doctor.Bad {
			ill = errIll
		}
	}
	return ill
}

// machine looks at this machine.
func machine(s *settings) doctor.Machine {
	m := doctor.Machine{
		Memory: machineMemory(), CPUs: runtime.GOMAXPROCS(0), Vectors: cpu.X86.HasAVX2 || runtime.GOARCH == "arm64",
		FFmpeg: record.AACEncoder(), Data: writable(s.DataDir),
	}
	for _, ip := range s.PublicIPs {
		m.Public = append(m.Public, ip.Addr)
	}
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		m.Files = files.Cur
	}
	for _, file := range []string{"/.dockerenv", "/run/.containerenv"} {
		if _, err := os.Stat(file); err == nil {
			m.Container = true
		}
	}
	examine(s, &m)
	m.Listen = s.Listen
	if at, err := listenAddress(s); err == nil {
		m.Listen = at
	}
	if l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", m.Listen); err != nil {
		m.PortTaken = err.Error()
	} else {
		_ = l.Close()
	}
	all, _ := net.Interfaces() // without them there is no address, which the doctor says
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 {
			continue
		}
		found := doctor.Interface{Name: i.Name}
		addresses, _ := i.Addrs()
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				found.Addresses = append(found.Addresses, p.Addr())
			}
		}
		m.Interfaces = append(m.Interfaces, found)
	}
	return m
}
