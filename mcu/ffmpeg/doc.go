// Package ffmpeg runs FFmpeg as a child process.
//
//	Command.Start ─▶ Process ─▶ FFmpeg      In ─▶ its standard input
//	                    │                   its standard output ─▶ Out, or Process.Read
//	                    └─▶ Wait            the end of its standard error ─▶ the reason
//
// A child has a process group of its own, so that Ctrl-C in a terminal reaches the server alone.
// The kernel kills a child when the server dies, because a child that waits for a silent peer would
// stay. When the context ends, the child is interrupted; [Farewell] later it is killed.
//
// A child has limits, because it reads what strangers send: memory, address space, the size of pictures
// and of allocations. If its stream is a stranger's, its priority is lower than the server's.
//
// A [Cell] locks children in (package sandbox): a child reads libraries and the file that it is given, and
// connects to one port. It writes no file and starts no program.
//
// Arguments of a process are visible to every user of the machine. URLs with keys therefore reach
// the child as a file, [SecretFile], which is a pipe. The child gets the few environment variables
// that FFmpeg needs, because the others may hold secrets of the server.
//
// A Process has one goroutine that starts the child and waits for its end, and one each for In and
// Out. Wait returns after all of them.
package ffmpeg
