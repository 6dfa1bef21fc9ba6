package rtc_test

import (
	"testing"
	"time"

	"tilemix/mcu/rtc/rtctest"
	"tilemix/mcu/rtc/rtctest/network"
)

// TestReportsUnderRepeats has a client report on more packets than there can be, under
// the SSRC of repeats: that is heard, again and again.
func TestReportsUnderRepeats(t *testing.T) {
	api, f, c := meet(t, network.Line{})
	before := api.Stats().InvalidReports
	f.run(rtctest.Patience, 300_000, func() bool {
		c.ReportOnRepeats(0, 50_000)
		return api.Stats().InvalidReports > before+20
	})
	if got := api.Stats().InvalidReports - before; got < 20 {
		t.Errorf("%d reports were heard", got)
	}
	begun := time.Now()
	f.peer.Close()
	if d := time.Since(begun); d > rtctest.Patience {
		t.Errorf("closing took %v", d)
	}
}
