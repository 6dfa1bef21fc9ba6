// Package browsertest runs the tilemix program and joins its calls with Chromium and
// Firefox, through the pages that people use, and with aiortc and GStreamer over WHIP
// and WHEP. It has tests only:
//
//	tilemix serve ◀─ HTTP, WebSocket, WebRTC ─▶ Chromium ◀─ DevTools ─ test
//	                                            Firefox ◀─ WebDriver BiDi ─┤
//	                                            scripts of testdata ◀─ lines of JSON ─┘
//
// A test looks at what somebody in the call has: the pixels of the picture, the
// energy of the sound, the words on the page. Chromium's own fake camera is green
// with a round face in it, the other one is an orange clip made by the test; so
// tiles that change places are seen. The fake microphone beeps twice a second.
// Tests about the page alone use Chromium's headless shell where it is installed.
//
// Where a client is not installed its tests are skipped, but not where the
// environment has CI set. They are skipped with -short too.
package browsertest
