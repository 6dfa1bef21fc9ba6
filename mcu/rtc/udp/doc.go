// Package udp has the UDP sockets of a server, whose packets share system calls.
//
//	writers ── WriteToAddrPort ──▶ ring ──▶ Run: batch ──▶ sendmmsg, UDP_SEGMENT
//	kernel ── recvmsg, UDP_GRO ──▶ segments ──▶ ReadFromAddrPort ──▶ one reader
//
// System calls were 13 to 28 % of the server's CPU time while each packet had one. The
// package github.com/pion/transport has a batched connection, but it knows neither
// UDP_SEGMENT nor UDP_GRO, and its writes take a lock.
//
// Each socket has one goroutine, Run, which the caller starts.
package udp
