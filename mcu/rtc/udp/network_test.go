package udp_test

import (
	"testing"
	"time"

	"tilemix/mcu/mcutest/poll"
	"tilemix/mcu/rtc/udp"
)

// TestNetwork reads the machine's interfaces once for many connections.
func TestNetwork(t *testing.T) {
	var n udp.Network
	all, err := n.Interfaces()
	if err != nil || len(all) == 0 {
		t.Fatalf("%d interfaces: %v", len(all), err)
	}
	for _, i := range all {
		byName, err := n.InterfaceByName(i.Name)
		if err != nil || byName.Index != i.Index {
			t.Errorf("%s: %+v, %v", i.Name, byName, err)
		}
		byIndex, err := n.InterfaceByIndex(i.Index)
		if err != nil || byIndex.Name != i.Name {
			t.Errorf("%d: %+v, %v", i.Index, byIndex, err)
		}
	}
	if _, err := n.InterfaceByName("no such interface"); err == nil {
		t.Error("an interface that is not there was found")
	}
	poll.Until(t, "ten lists of one second", func() bool { // after which the kernel is asked again
		var fresh udp.Network
		began := time.Now()
		allocs := testing.AllocsPerRun(10, func() { _, _ = fresh.Interfaces() })
		if time.Since(began) >= time.Second {
			return false
		}
		if allocs > 0 {
			t.Errorf("the kernel is asked each time: %.0f allocations", allocs)
		}
		return true
	})
}
