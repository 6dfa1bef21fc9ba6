package poll

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Main runs the tests of a package, and fails if goroutines are left after them.
func Main(m goleak.TestingM) { goleak.VerifyTestMain(run{m}) }

// run is a run of tests after which goroutines that are about to end have Patience for it. goleak alone gives them half a
// second, in which one may stand still on a busy machine.
type run struct{ goleak.TestingM }

// Run is goleak.TestingM's.
func (r run) Run() int {
	code := r.TestingM.Run()
	if code == 0 {
		_ = left()
	}
	return code
}

// NoneLeft fails the test if goroutines are left, but for those that the options say.
func NoneLeft(t testing.TB, options ...goleak.Option) {
	t.Helper()
	if err := left(options...); err != nil {
		t.Error(err)
	}
}

// left waits until no goroutines are left, for Patience at most, and says which are.
func left(options ...goleak.Option) (err error) {
	for deadline := time.Now().Add(Patience); ; {
		if err = goleak.Find(options...); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}
