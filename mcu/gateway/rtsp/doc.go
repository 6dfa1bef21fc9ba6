// Package rtsp reads RTSP cameras for FFmpeg.
//
//	camera ◀─ TCP, or UDP after it ─ camera (gortsplib) ─▶ Bridge ─ TCP, loopback address ─▶ FFmpeg
//
// FFmpeg has an RTSP client, but that follows redirections and resolves names itself, so nobody can
// judge where it connects. Here the caller's Dial makes every connection. A redirection is followed
// with a new connection, and only the same host gets the password again. RTP by UDP goes to the host
// of the control connection, whatever the camera names.
//
// Packets pass unchanged, whatever their codec: FFmpeg knows all payload formats. So do the sender
// reports, by which FFmpeg keeps sound and picture together.
package rtsp
