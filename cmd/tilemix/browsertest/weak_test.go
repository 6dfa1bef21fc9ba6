package browsertest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// What a person with a weak device may have to wait for, and what the page may cost beside decoding.
const (
	loadBar = 2 * time.Second // until the lobby can be used
	pageBar = 0.05            // of a core, the page's own thread
	loads   = 20              // of which the best counts: the machine does other work too
)

// weakVariable has TestWeakDevice run: it takes minutes where the machine does other work too.
const weakVariable = "TILEMIX_WEAK_DEVICE"

// TestWeakDevice opens an invitation at 1.6 Mbit/s and 150 ms on a processor that is four times slower: the lobby
// can be used within 2 s. In the call with two participants, the page then takes at most a twentieth of a core.
func TestWeakDevice(t *testing.T) {
	if os.Getenv(weakVariable) == "" {
		t.Skip(weakVariable + "=1 measures what the page costs a weak device")
	}
	s := serve(t, "")
	s.bot(t, "room", "Bob")
	p := openPage(t, startBrowser(t, calmDevices, allow, sound), "Ada", "about:blank")
	p.do(t, network.Enable(), network.SetCacheDisabled(true), slowNetwork(1.6e6), emulation.SetCPUThrottlingRate(4))
	best := time.Hour
	for n := 0; n < loads && best > loadBar; n++ {
		p.do(t, chromedp.Navigate("about:blank"))
		began := time.Now()
		p.do(t, chromedp.Navigate(s.url+"/r/room"))
		p.waitFor(t, `document.querySelector('#lobby-form [type=submit]')?.disabled === false`)
		best = min(best, time.Since(began))
	}
	if t.Logf("the lobby can be used after %v", best); best > loadBar {
		t.Errorf("the lobby can be used after %v, want %v", best, loadBar)
	}

	p.do(t, slowNetwork(-1), emulation.SetCPUThrottlingRate(1), performance.Enable().WithTimeDomain(performance.EnableTimeDomainThreadTicks),
		chromedp.Evaluate(`sessionStorage.setItem('tilemix.in.room', 'Ada')`, nil), chromedp.Reload())
	p.waitForPhase(t, "connected")
	p.waitForTiles(t, "Ada", "Bob")
	p.press(t, "p")
	before, at := p.worked(t), time.Now()
	eventually(t, "the page takes little of the processor", func() (string, bool) {
		time.Sleep(time.Second)
		now := p.worked(t)
		share := (now - before).Seconds() / time.Since(at).Seconds()
		before, at = now, time.Now()
		t.Logf("%.1f %% of a core", 100*share)
		return fmt.Sprintf("%.1f %%", 100*share), share <= pageBar
	})
}

// slowNetwork has the page receive so many bits a second, and wait 150 ms for each answer; -1 ends that.
func slowNetwork(bitsPerSecond float64) chromedp.Action {
	c := &network.Conditions{Latency: 150, DownloadThroughput: bitsPerSecond / 8, UploadThroughput: bitsPerSecond / 16}
	if bitsPerSecond < 0 {
		c = &network.Conditions{DownloadThroughput: -1, UploadThroughput: -1}
	}
	return chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := network.EmulateNetworkConditionsByRule(false, []*network.Conditions{c}).Do(ctx)
		return err
	})
}

// offline takes the page off the network, or brings it back.
func offline(is bool) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		if _, err := network.EmulateNetworkConditionsByRule(is, nil).Do(ctx); err != nil {
			return err
		}
		return network.OverrideNetworkState(is, 0, -1, -1).Do(ctx)
	})
}

// worked returns for how long the page's thread has worked.
func (p *page) worked(t *testing.T) time.Duration {
	t.Helper()
	var seconds float64
	p.do(t, chromedp.ActionFunc(func(ctx context.Context) error {
		all, err := performance.GetMetrics().Do(ctx)
		for _, m := range all {
			if m.Name == "TaskDuration" {
				seconds = m.Value
			}
		}
		return err
	}))
	return time.Duration(seconds * float64(time.Second))
}
