package signaling

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// addressBurst is how many times its rate an address may send at once.
	addressBurst = 5
	// maxBuckets bounds the addresses that are remembered. With more, full buckets are forgotten,
	// and if there are none, all.
	maxBuckets = 10_000
	// A session makes its connection anew restartRate (once) a second, and restartBurst (5) times
	// at once.
	restartRate, restartBurst = 1, 5
)

// buckets bound what one address sends that is dear: joins, offers, and ICE restarts. It is safe
// for concurrent use.
type buckets struct {
	rate float64 // a second; 0: there is no bound

	mu  sync.Mutex
	all map[netip.Prefix]*rate.Limiter
}

func newBuckets(perSecond float64) *buckets {
	return &buckets{rate: perSecond, all: map[netip.Prefix]*rate.Limiter{}}
}

// take tells whether an address may send one more. The zero address always may.
func (b *buckets) take(host netip.Prefix, now time.Time) bool {
	if b.rate <= 0 || !host.IsValid() {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bucket := b.all[host]
	if bucket == nil {
		b.forget(now)
		bucket = rate.NewLimiter(rate.Limit(b.rate), max(1, int(addressBurst*b.rate)))
		b.all[host] = bucket
	}
	return bucket.AllowN(now, 1)
}

// forget makes place for one more bucket.
func (b *buckets) forget(now time.Time) {
	if len(b.all) < maxBuckets {
		return
	}
	for host, bucket := range b.all {
		if bucket.TokensAt(now) >= float64(bucket.Burst()) {
			delete(b.all, host)
		}
	}
	if len(b.all) >= maxBuckets {
		clear(b.all)
	}
}
