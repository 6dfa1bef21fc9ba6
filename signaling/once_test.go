package signaling

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// onceAt returns the ID and the body of a request by a key.
func onceAt(key, body string) (onceID, [sha256.Size]byte) {
	return sha256.Sum256([]byte(key)), sha256.Sum256([]byte(body))
}

// TestOnceServed begins a request while the same one is served, and after its answer.
func TestOnceServed(t *testing.T) {
	o, now := newOnce(1), time.Unix(0, 0)
	id, body := onceAt("one", "body")
	if before, err := o.begin(id, body, now); before != nil || err != nil {
		t.Fatalf("the first: %+v, %v", before, err)
	}
	if _, err := o.begin(id, body, now); !errors.Is(err, errOnceNow) {
		t.Errorf("while it is served: %v", err)
	}
	_, other := onceAt("one", "other")
	if _, err := o.begin(id, other, now); !errors.Is(err, errOnceOther) {
		t.Errorf("another body while it is served: %v", err)
	}
	o.end(id, http.StatusCreated, http.Header{}, []byte("made"))
	before, err := o.begin(id, body, now)
	if err != nil || before == nil || before.status != http.StatusCreated || string(before.answer) != "made" {
		t.Errorf("the answer is %+v, %v", before, err)
	}
	if _, err := o.begin(id, other, now); !errors.Is(err, errOnceOther) {
		t.Errorf("another body after it: %v", err)
	}
}

// TestOnceForgets has answers grow old, and more of them than there is place for.
func TestOnceForgets(t *testing.T) {
	o, now := newOnce(1), time.Unix(0, 0)
	for n := range maxOnce + 10 {
		id, body := onceAt(strconv.Itoa(n), "body")
		if _, err := o.begin(id, body, now); err != nil {
			t.Fatal(err)
		}
		o.end(id, http.StatusOK, nil, nil)
	}
	if len(o.answers) != maxOnce || len(o.order) != maxOnce {
		t.Errorf("it keeps %d answers, %d in order", len(o.answers), len(o.order))
	}
	for n, known := range map[int]bool{0: false, 9: false, maxOnce + 9: true} {
		id, _ := onceAt(strconv.Itoa(n), "body")
		if _, is := o.answers[id]; is != known {
			t.Errorf("answer %d is known: %v", n, is)
		}
	}
	id, body := onceAt("late", "body")
	if _, err := o.begin(id, body, now.Add(onceLife+time.Second)); err != nil || len(o.answers) != 1 {
		t.Errorf("after a day it keeps %d answers, %v", len(o.answers), err)
	}
	o.forget(id)
	o.forget(id)
	if len(o.answers) != 0 || len(o.order) != 0 {
		t.Errorf("it keeps %d answers, %d in order", len(o.answers), len(o.order))
	}
}

// TestLists reads lists of entity tags.
func TestLists(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, `"a"`: true, `"b"`: false, `W/"a"`: true, `"b", "a"`: true, `"b","c"`: false, "*": true, "a": false,
	} {
		if got := lists(http.Header{"If-Match": {text}}, "If-Match", `"a"`); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if lists(http.Header{}, "If-Match", `"a"`) || lists(http.Header{"If-Match": {`"a"`}}, "If-Match", "") {
		t.Error("a header or a tag that is not there matches")
	}
}

// TestKeyBuckets has more secrets than are remembered.
func TestKeyBuckets(t *testing.T) {
	b, now := newBuckets[int](1), time.Unix(1000, 0)
	for n := range maxBuckets {
		if !b.take(n+1, now) {
			t.Fatalf("client %d may send nothing", n+1)
		}
	}
	for range 4 {
		b.take(1, now)
	}
	if b.take(1, now) || !b.take(0, now) {
		t.Error("one sends more than it may, or nobody has a bucket")
	}
	if !b.take(-1, now.Add(time.Minute)) || len(b.all) != 1 {
		t.Errorf("after a minute it remembers %d clients", len(b.all))
	}
	if all := newBuckets[int](0); !all.take(1, now) || len(all.all) != 0 {
		t.Error("a rate of 0 remembers clients")
	}
}
