package signaling

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// addressBurst is how many times its rate a client may send at once.
	addressBurst = 5
	// maxBuckets bounds the clients that are remembered. With more, full buckets are forgotten,
	// and if there are none, all.
	maxBuckets = 10_000
	// A session makes its connection anew restartRate (once) a second, and restartBurst (5) times
	// at once.
	restartRate, restartBurst = 1, 5
)

// buckets bound what one client sends. A client is an address or a secret. It is safe for concurrent
// use.
type buckets[Client comparable] struct {
	mu   sync.Mutex // guards what follows
	rate float64    // a second; 0: there is no bound
	all  map[Client]*rate.Limiter
}

func newBuckets[Client comparable](perSecond float64) *buckets[Client] {
	return &buckets[Client]{rate: perSecond, all: map[Client]*rate.Limiter{}}
}

// pace sets another rate. Each client then begins anew.
func (b *buckets[Client]) pace(perSecond float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate != perSecond {
		b.rate = perSecond
		clear(b.all)
	}
}

// take tells whether a client may send one more. The zero client always may.
func (b *buckets[Client]) take(host Client, now time.Time) bool {
	var nobody Client
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rate <= 0 || host == nobody {
		return true
	}
	bucket := b.all[host]
	if bucket == nil {
		b.forget(now)
		bucket = rate.NewLimiter(rate.Limit(b.rate), max(1, int(addressBurst*b.rate)))
		b.all[host] = bucket
	}
	return bucket.AllowN(now, 1)
}

// forget makes place for one more bucket.
func (b *buckets[Client]) forget(now time.Time) {
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
