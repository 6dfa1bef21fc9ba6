// Package udp has the UDP sockets of a server, whose packets share system calls.
//
//	writers ── WriteToAddrPort ──▶ ring ──▶ Run: batch ──▶ sendmmsg, UDP_SEGMENT
//	kernel ── recvmsg, UDP_GRO ──▶ segments ──▶ ReadFromAddrPort ──▶ one reader
//
// Each socket has one goroutine, Run, which the caller starts.
//
// # Why
//
// Socket writes were 13 to 28 % of the server's CPU. A write therefore copies its packet into
// a ring and returns. One goroutine a socket sends what has gathered in one system call
// (sendmmsg), in which packets of equal length for one address are one message
// (UDP_SEGMENT). The clocks never enter the kernel for a packet, and a busier server sends
// more packets a call. If the way to an address cannot segment, its packets go one by one for
// ten seconds. Reads take what the kernel joined (UDP_GRO).
//
// pion/transport's udp.BatchConn has sendmmsg, but neither UDP_SEGMENT nor UDP_GRO, and takes
// a lock for each write.
package udp
