package bot

import (
	"image"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/srtp/v3"
)

func TestNextKey(t *testing.T) {
	clip := &Clip{Keys: []bool{true, false, true, false}}
	for picture, want := range []int{0, 2, 2, 0} {
		if got := clip.nextKey(picture); got != want {
			t.Errorf("after %d comes %d, not %d", picture, got, want)
		}
	}
}

func TestReadAnswer(t *testing.T) {
	const good = "v=0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 ab:cd\r\na=setup:active\r\n" +
		"a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=candidate:2 1 udp 1 127.0.0.1 4711 typ host\r\n"
	a, err := readAnswer(good)
	want := answered{credentials{"u", "p", "AB:CD"}, netip.MustParseAddrPort("127.0.0.1:4711"), true}
	if err != nil || a != want {
		t.Errorf("%+v, %v", a, err)
	}
	for _, bad := range []string{
		"", "v=0\r\n",
		"a=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 ab\r\na=candidate:2 1 tcp 1 127.0.0.1 4711 typ host\r\n",
		"a=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 ab\r\na=candidate:2 1 udp 1 ::1 4711 typ host\r\n",
		"a=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 ab\r\na=candidate:2 1 udp 1 127.0.0.1 99999 typ host\r\n",
	} {
		if a, err := readAnswer(bad); err == nil {
			t.Errorf("%q: %+v", bad, a)
		}
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add("a=ice-ufrag:u\r\na=candidate:2 1 udp 1 127.0.0.1 4711 typ host\r\n")
	f.Fuzz(func(t *testing.T, sdp string) {
		if a, err := readAnswer(sdp); err == nil && !a.server.Addr().IsLoopback() {
			t.Fatal(a)
		}
	})
}

// TestBatch expects batches that the kernel can segment. All packets have one size, and
// the last may be shorter.
func TestBatch(t *testing.T) {
	var b batch
	for i, c := range []struct {
		size int
		fits bool
	}{{1000, true}, {1000, true}, {1001, false}, {1000, true}, {400, true}, {400, false}, {1000, false}} {
		if b.fits(c.size) != c.fits {
			t.Fatalf("packet %d of %d bytes: fits is %v", i, c.size, !c.fits)
		}
		if c.fits {
			b.data = append(b.data, make([]byte, c.size)...)
			b.add(c.size)
		}
	}
}

// sendingBot returns a bot that sends to a socket that nobody reads.
func sendingBot(t testing.TB) *Bot {
	t.Helper()
	c, err := NewCrowd()
	if err != nil {
		t.Fatal(err)
	}
	sink, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.wire.conn.Close(); _ = sink.Close() })
	clip := &Clip{FrameRate: 30, Keys: []bool{true, false}, Full: &Variant{
		Size: image.Pt(16, 16), Every: 1, Pictures: [][][]byte{{make([]byte, 1180), make([]byte, 1180), make([]byte, 300)}, {make([]byte, 700)}},
	}}
	b := newBot(c, 1, Options{Clip: clip, Voice: &Voice{Packets: [][]byte{make([]byte, 80)}, Levels: []uint8{30}}, Remember: 10})
	b.path.server = sink.LocalAddr().(*net.UDPAddr).AddrPort()
	if b.sender.encrypt, err = srtp.CreateContext(make([]byte, 16), make([]byte, 12), profile); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestSendingAllocates expects that a bot sends without allocating.
func TestSendingAllocates(t *testing.T) {
	b := sendingBot(t)
	at := b.sender.sendPicture(0)
	if n := testing.AllocsPerRun(200, func() {
		at += b.sender.sendPicture(at)
		b.sender.sendSound(at)
	}); n > 0 {
		t.Errorf("%v allocations for a picture and a packet of sound", n)
	}
	if b.crowd.stats.failed.Load() > 0 {
		t.Error("writes failed")
	}
}

func BenchmarkSend(b *testing.B) {
	bot := sendingBot(b)
	for at := int64(0); b.Loop(); at += 33_333_333 {
		bot.sender.sendPicture(at)
	}
}

// TestReceivingAllocates expects that a bot counts packets without allocating.
func TestReceivingAllocates(t *testing.T) {
	b := sendingBot(t)
	if err := b.takeKeys(srtp.SessionKeys{
		LocalMasterKey: make([]byte, 16), LocalMasterSalt: make([]byte, 12),
		RemoteMasterKey: make([]byte, 16), RemoteMasterSalt: make([]byte, 12),
	}); err != nil {
		t.Fatal(err)
	}
	b.receiver.video.started = true
	packet := make([]byte, 1200)
	packet[0], packet[1], packet[4] = 0x80, videoPT|0x80, 9
	seq := uint16(0)
	if n := testing.AllocsPerRun(40, func() {
		seq++
		packet[2], packet[3] = byte(seq>>8), byte(seq)
		b.take(packet, b.receiver.born)
	}); n > 0 {
		t.Errorf("%v allocations a packet", n)
	}
	if s := b.Stats().Picture; s.Units != 41 || s.Lost != 0 {
		t.Errorf("%+v", s)
	}
}

// TestPace has a bot send a picture in one burst or packet by packet. The steps end
// before the next picture is due.
func TestPace(t *testing.T) {
	large := make([][]byte, 50)
	for i := range large {
		large[i] = make([]byte, 1180)
	}
	period := int64(time.Second) / 30
	for _, c := range []struct {
		what     string
		payloads [][]byte
		bursts   bool
		steps    int
	}{
		{"one packet", large[:1], false, 1},
		{"a usual picture", large[:6], false, 3},
		{"a key frame", large, false, 4},
		{"a key frame in a burst", large, true, 1},
	} {
		b := sendingBot(t)
		b.Bursts = c.bursts
		v := &Variant{Size: image.Pt(16, 16), Bitrate: 1_500_000, Every: 1, Pictures: [][][]byte{c.payloads, c.payloads}}
		b.wishes.variant.Store(v)
		at, steps := int64(0), 0
		for b.sender.pictures.Load() == 0 {
			at += b.sender.sendPicture(at)
			steps++
		}
		if at != period || steps != c.steps || b.sender.packets.Load() != uint64(len(c.payloads)) {
			t.Errorf("%s: %d packets in %d steps, %v until the next", c.what, b.sender.packets.Load(), steps, time.Duration(at))
		}
	}
}

// TestJitter expects pictures in order, none early, and the mean rate kept.
func TestJitter(t *testing.T) {
	b := sendingBot(t)
	b.sender.options.Jitter = 30 * time.Millisecond
	period := int64(time.Second) / 30
	at, pictures, most := int64(0), uint64(0), int64(0)
	for pictures < 300 {
		before := b.sender.pictures.Load()
		step := b.sender.sendPicture(at)
		if step < 0 {
			t.Fatalf("the next picture comes %d ns before this one", -step)
		}
		at += step
		if pictures = b.sender.pictures.Load(); pictures == before {
			continue
		}
		late := at - int64(pictures)*period
		if late < 0 || late != b.sender.late {
			t.Fatalf("picture %d is %d ns late, and %d are known", pictures, late, b.sender.late)
		}
		most = max(most, late)
	}
	if most < int64(20*time.Millisecond) || most > int64(45*time.Millisecond) {
		t.Errorf("pictures are %v late at most", time.Duration(most))
	}
}
