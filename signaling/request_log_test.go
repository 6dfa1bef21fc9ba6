package signaling

import "testing"

// TestNoteworthy: what an operator reads without asking for more, and what not.
func TestNoteworthy(t *testing.T) {
	for _, test := range []struct {
		method, route string
		status        int
		want          bool
	}{
		{"GET", "/ws/:room", 503, true},
		{"GET", "/ws/:room", 404, true},
		{"GET", "/ws/:room", 426, false},
		{"GET", "/ws/:room", 101, false},
		{"POST", "/whip/:room", 406, true},
		{"POST", "/whip/:room", 201, false},
		{"POST", "/api/v1/rooms/:room/recordings", 507, true},
		{"POST", "/api/v1/rooms/:room/recordings", 201, true},
		{"GET", "/api/v1/rooms/:room/recordings", 200, false},
		{"GET", "/api/v1/rooms/:room", 404, false},
		{"GET", "/api/v1/rooms", 401, true},
		{"GET", "", 404, false},
		{"PATCH", "/api/v1/rooms/:room/participants/:id", 200, false},
	} {
		if got := noteworthy(test.method, test.route, test.status); got != test.want {
			t.Errorf("%s %s %d: %v", test.method, test.route, test.status, got)
		}
	}
}
