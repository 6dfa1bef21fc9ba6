// Package pool decides which views a room has, by what its viewers want and what the server allows.
//
//	wishes' keys ──▶ Chooser.Choose ──▶ views of a scene; which one each viewer has
//	                    │  ▲
//	                    ▼  │ give one back
//	               Allotment of the server
//
// A view begins with the first viewer that wishes it and ends Linger (5 s) after the last. A Allotment
// bounds the views of all rooms. The view that a room has by itself is not counted, because a room
// always has it.
//
// # Why
//
// The cost of a room follows its views and not its viewers. A view costs a composition and an encode,
// so 50 viewers with 50 wishes would cost what 50 rooms do. A refused viewer keeps what it has. A room
// that has fewer views than its share takes one from the room that has most, so that one room cannot
// use up the server.
//
// Time is an argument.
package pool
