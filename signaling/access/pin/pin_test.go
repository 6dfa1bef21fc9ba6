package pin_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"tilemix/mcu/policy"
	"tilemix/signaling/access/book"
	"tilemix/signaling/access/credential"
	"tilemix/signaling/access/pin"
)

var (
	now  = time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	here = netip.MustParseAddr("198.51.100.1")
)

const hostPIN, guestPIN = "123456", "0042"

// hashed are the PINs of both roles, hashed as cheaply as bcrypt can.
func hashed(t *testing.T) (pins []book.Pin) {
	t.Helper()
	for role, digits := range map[policy.Role]string{policy.Host: hostPIN, policy.Participant: guestPIN} {
		hash, err := bcrypt.GenerateFromPassword([]byte(digits), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		pins = append(pins, book.Pin{Role: role, Hash: string(hash)})
	}
	return pins
}

// open has a room "demo" with both PINs.
func open(t *testing.T) (*pin.Pins, *book.Shelf, string) {
	t.Helper()
	dir := t.TempDir()
	shelf := book.New(dir, slog.New(slog.DiscardHandler))
	pins := hashed(t)
	for _, room := range []string{"demo", "other"} {
		if _, err := shelf.Update(room, "", func(b *book.Book) error { b.Pins = pins; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return pin.New(shelf), shelf, dir
}

func code(err error) string {
	if r, ok := errors.AsType[*credential.Refusal](err); ok {
		return r.Code
	}
	return fmt.Sprint(err)
}

// TestRoles lets each role in by its PIN, and greps the file for PINs.
func TestRoles(t *testing.T) {
	p, _, dir := open(t)
	for digits, want := range map[string]policy.Role{hostPIN: policy.Host, guestPIN: policy.Participant} {
		for range 2 {
			if role, err := p.Check("demo", digits, here, now); role != want || err != nil {
				t.Errorf("%s: %v, %v", digits, role, err)
			}
		}
	}
	for role, want := range map[policy.Role]bool{policy.Host: true, policy.Participant: true, policy.Viewer: false} {
		if got, err := p.Needs("demo", role); got != want || err != nil {
			t.Errorf("%v: %v, %v", role, got, err)
		}
	}
	for _, c := range []struct{ room, digits, code string }{
		{"demo", "", "pin_missing"}, {"none", "1234", "pin_wrong"}, {"none", "", "pin_missing"},
	} {
		if _, err := p.Check(c.room, c.digits, here, now); code(err) != c.code {
			t.Errorf("%+v: %v", c, err)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "demo.json"))
	if err != nil || strings.Contains(string(data), hostPIN) || strings.Contains(string(data), guestPIN) {
		t.Errorf("%s, %v", data, err)
	}
}

// TestPause has five wrong tries, and what follows from them where.
func TestPause(t *testing.T) {
	p, _, _ := open(t)
	at := func(n int) time.Time { return now.Add(time.Duration(n) * time.Second) }
	try := func(room, digits string, from netip.Addr, when time.Time, want string) {
		t.Helper()
		if _, err := p.Check(room, digits, from, when); code(err) != want {
			t.Errorf("%q in %s at %v: %v, want %s", digits, room, when.Sub(now), err, want)
		}
	}
	try("demo", "9999", here, at(1), "pin_wrong")
	try("demo", "letters", here, at(2), "pin_wrong")
	try("demo", "123", here, at(3), "pin_wrong")
	try("demo", guestPIN, here, at(4), "<nil>") // forgives nothing
	try("demo", "9998", here, at(5), "pin_wrong")
	try("demo", guestPIN, here, at(6), "<nil>")
	try("demo", "9997", here, at(7), "pin_wrong")
	try("demo", hostPIN, here, at(8), "pin_paused")
	try("demo", guestPIN, here, at(9), "pin_paused")
	try("demo", "9996", here, at(10), "pin_paused") // makes it no longer
	try("other", guestPIN, here, at(11), "<nil>")
	try("demo", guestPIN, netip.MustParseAddr("198.51.100.2"), at(12), "<nil>")
	_, err := p.Check("demo", guestPIN, here, at(67))
	if r, _ := errors.AsType[*credential.Refusal](err); r == nil || r.After != 9*time.Minute || r.Status() != 429 || !strings.Contains(r.Text, "9 minutes") {
		t.Errorf("%+v", r)
	}
	try("demo", guestPIN, here, at(606), "pin_paused")
	try("demo", guestPIN, here, at(607), "<nil>")
	try("demo", "9995", here, at(608), "pin_wrong") // the old ones are forgotten
	try("demo", guestPIN, here, at(609), "<nil>")

	six := func(n string) netip.Addr { return netip.MustParseAddr("2001:db8::" + n) }
	for i, n := range []string{"1", "2", "3", "4", "5"} {
		try("demo", "123", six(n), at(700+i), "pin_wrong")
	}
	try("demo", guestPIN, six("6"), at(706), "pin_paused")
	try("demo", guestPIN, netip.MustParseAddr("2001:db8:0:1::1"), at(707), "<nil>")
}

// TestParallel has 30 wrong tries at once: no more than five are compared.
func TestParallel(t *testing.T) {
	p, _, _ := open(t)
	var wg sync.WaitGroup
	var wrong atomic.Int32
	for i := range 30 {
		wg.Go(func() {
			if _, err := p.Check("demo", fmt.Sprint(5000+i), here, now.Add(time.Duration(i))); code(err) == "pin_wrong" {
				wrong.Add(1)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != 5 {
		t.Errorf("%d were compared", wrong.Load())
	}
	if _, err := p.Check("demo", hostPIN, here, now.Add(time.Second)); code(err) != "pin_paused" {
		t.Error(err)
	}
}

// TestBudget has wrong tries from many addresses: hashes are bounded, and those who know the PIN
// still enter.
func TestBudget(t *testing.T) {
	p, _, _ := open(t)
	from := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	if _, err := p.Check("demo", guestPIN, here, now); err != nil {
		t.Fatal(err)
	}
	codes := map[string]int{}
	for i := range 50 {
		_, err := p.Check("demo", "9999", from(i), now)
		codes[code(err)]++
	}
	if codes["pin_wrong"] != 9 || codes["pin_busy"] != 41 {
		t.Errorf("%v", codes)
	}
	for i := range 300 {
		if _, err := p.Check("demo", guestPIN, from(1000+i), now); err != nil {
			t.Fatalf("guest %d: %v", i, err)
		}
	}
	if _, err := p.Check("demo", "9999", from(49), now.Add(time.Second)); code(err) != "pin_wrong" {
		t.Errorf("a second later: %v", err) // and to be busy was no wrong try
	}
}

// TestReplaced changes a PIN that is known.
func TestReplaced(t *testing.T) {
	p, shelf, _ := open(t)
	if _, err := p.Check("demo", guestPIN, here, now); err != nil {
		t.Fatal(err)
	}
	if _, err := shelf.Update("demo", "", func(b *book.Book) (err error) {
		b.Pins, err = pin.Set(b.Pins, policy.Participant, "7777")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Check("demo", guestPIN, here, now); code(err) != "pin_wrong" {
		t.Errorf("the old PIN: %v", err)
	}
	if role, err := p.Check("demo", "7777", here, now); role != policy.Participant || err != nil {
		t.Errorf("the new PIN: %v, %v", role, err)
	}
}

func TestSet(t *testing.T) {
	pins := hashed(t)
	for digits, want := range map[string]error{"123": pin.ErrBad, "1234567890123": pin.ErrBad, "12a4": pin.ErrBad, "١٢٣٤": pin.ErrBad, hostPIN: pin.ErrSame} {
		if _, err := pin.Set(pins, policy.Viewer, digits); !errors.Is(err, want) {
			t.Errorf("%q: %v", digits, err)
		}
	}
	less, err := pin.Set(pins, policy.Host, "")
	if err != nil || len(less) != 1 || less[0].Role != policy.Participant || len(pins) != 2 {
		t.Errorf("%v, %v", less, err)
	}
	if again, err := pin.Set(pins, policy.Host, hostPIN); err != nil || len(again) != 2 || len(again[1].Hash) != 60 || !strings.HasPrefix(again[1].Hash, "$2a$10$") {
		t.Errorf("the same PIN for the same role: %v, %v", again, err)
	}
}

// TestPlacesBounded has wrong tries from more addresses than are remembered.
func TestPlacesBounded(t *testing.T) {
	p, _, _ := open(t)
	for i := range 10_100 {
		from := netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)})
		if _, err := p.Check("demo", "no", from, now); code(err) != "pin_wrong" {
			t.Fatal(err)
		}
	}
}
