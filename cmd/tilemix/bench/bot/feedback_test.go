package bot

import (
	"encoding/binary"
	"maps"
	"net"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"
)

func TestTransportNumber(t *testing.T) {
	header := func(extension ...byte) []byte {
		return append([]byte{0x90, 102, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9}, extension...)
	}
	for _, c := range []struct {
		what   string
		packet []byte
		number uint16
		ok     bool
	}{
		{"alone", header(0xbe, 0xde, 0, 1, 0x31, 0x12, 0x34, 0), 0x1234, true},
		{"behind a level and padding", header(0xbe, 0xde, 0, 2, 0x10, 0x55, 0, 0x31, 0, 7, 0, 0), 7, true},
		{"behind a source", append([]byte{0x91, 102, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4}, 0xbe, 0xde, 0, 1, 0x31, 0, 9, 0), 9, true},
		{"no extension", []byte{0x80, 102, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xbe, 0xde, 0, 1, 0x31, 0, 9, 0}, 0, false},
		{"another one", header(0xbe, 0xde, 0, 1, 0x10, 1, 0, 0), 0, false},
		{"two bytes of header", header(0x10, 0, 0, 1, 0x31, 1, 0, 0), 0, false},
		{"longer than its packet", header(0xbe, 0xde, 0, 1, 0x32, 1), 0, false},
		{"the end", header(0xbe, 0xde, 0, 1, 0xf0, 0x31, 0, 9), 0, false},
		{"no room", header(0xbe), 0, false},
	} {
		if n, ok := transportNumber(c.packet); n != c.number || ok != c.ok {
			t.Errorf("%s: %d, %v", c.what, n, ok)
		}
	}
}

// TestFeedback reads what a bot says of packets that come, of which two are missing.
func TestFeedback(t *testing.T) {
	b := sendingBot(t)
	b.receiver.feedback = newFeedback(&b.path, 1, b.crowd.epoch)
	keys := srtp.SessionKeys{
		LocalMasterKey: make([]byte, 16), LocalMasterSalt: make([]byte, 12),
		RemoteMasterKey: make([]byte, 16), RemoteMasterSalt: make([]byte, 12),
	}
	if err := b.takeKeys(keys); err != nil {
		t.Fatal(err)
	}
	said := make(chan rtcp.Packet, 100)
	server, err := srtp.CreateContext(keys.LocalMasterKey, keys.LocalMasterSalt, profile)
	if err != nil {
		t.Fatal(err)
	}
	serverOf(t, b, func(p []byte) {
		plain, err := server.DecryptRTCP(nil, p, nil)
		if err != nil {
			t.Error(err)
			return
		}
		packets, err := rtcp.Unmarshal(plain)
		if err != nil {
			t.Error(err)
		}
		for _, p := range packets {
			said <- p
		}
	})
	b.receiver.video.started = true
	packet := make([]byte, 1200)
	copy(packet, []byte{0x90, videoPT, 0, 0, 0, 0, 0, 9, 0, 0, 0, 77, 0xbe, 0xde, 0, 1, numberExt<<4 | 1, 0, 0, 0})
	for n := range uint16(60) {
		if n == 20 || n == 21 {
			continue
		}
		binary.BigEndian.PutUint16(packet[2:], 65520+n)
		binary.BigEndian.PutUint16(packet[17:], 300+n)
		b.take(packet, b.crowd.epoch.Add(time.Duration(n)*10*time.Millisecond))
	}
	var lost []uint16
	came := map[uint16]bool{}
	for len(came) < 45 {
		switch m := (<-said).(type) {
		case *rtcp.TransportLayerNack:
			for _, pair := range m.Nacks {
				lost = append(lost, pair.PacketList()...)
			}
		case *rtcp.TransportLayerCC:
			if m.MediaSSRC != 77 {
				t.Errorf("feedback of stream %d", m.MediaSSRC)
			}
			maps.Copy(came, received(m))
		}
	}
	if len(lost) != 2 || lost[0] != 4 || lost[1] != 5 { // sequence numbers wrap
		t.Errorf("packets %d are requested", lost)
	}
	for n, there := range came {
		if there == (n == 320 || n == 321) {
			t.Errorf("packet %d came: %v", n, there)
		}
	}
}

// received lists which packets feedback says have come.
func received(m *rtcp.TransportLayerCC) map[uint16]bool {
	all, n := map[uint16]bool{}, m.BaseSequenceNumber
	add := func(symbol uint16) {
		if n-m.BaseSequenceNumber < m.PacketStatusCount {
			all[n] = symbol != rtcp.TypeTCCPacketNotReceived
			n++
		}
	}
	for _, chunk := range m.PacketChunks {
		switch c := chunk.(type) {
		case *rtcp.RunLengthChunk:
			for range c.RunLength {
				add(c.PacketStatusSymbol)
			}
		case *rtcp.StatusVectorChunk:
			for _, symbol := range c.SymbolList {
				add(symbol)
			}
		}
	}
	return all
}

// serverOf has a socket be the bot's server, and hands on what it gets.
func serverOf(t *testing.T, b *Bot, take func([]byte)) {
	t.Helper()
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	b.path.server = server.LocalAddr().(*net.UDPAddr).AddrPort()
	done := make(chan struct{})
	go func() {
		defer close(done)
		p := make([]byte, maxDatagram)
		for {
			n, err := server.Read(p)
			if err != nil {
				return
			}
			take(p[:n])
		}
	}()
	t.Cleanup(func() { server.Close(); <-done })
}
