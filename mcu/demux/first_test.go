package demux_test

import (
	"encoding/binary"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/pion/stun/v4"

	"tilemix/mcu/demux"
)

// stunMessage returns a message with attributes.
func stunMessage(t testing.TB, kind stun.MessageType, attributes ...stun.Setter) []byte {
	t.Helper()
	m, err := stun.Build(append([]stun.Setter{stun.TransactionID, kind}, attributes...)...)
	if err != nil {
		t.Fatal(err)
	}
	return m.Raw
}

// frame puts a message into a frame of RFC 4571.
func frame(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }

func request(m stun.Method) stun.MessageType { return stun.NewType(m, stun.ClassRequest) }

// TestFirst has what clients begin with, and what they do not.
func TestFirst(t *testing.T) {
	check := stunMessage(t, stun.BindingRequest, stun.NewUsername("server:client"))
	hello, err := hex.DecodeString("16030100c0010000bc0303")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		first []byte
		want  demux.Kind
	}{
		"TLS":                     {hello, demux.TLS},
		"a byte of TLS":           {hello[:1], demux.TLS},
		"GET":                     {[]byte("GET / HTTP/1.1\r\n"), demux.HTTP},
		"PRI of HTTP/2":           {[]byte("PRI * HTTP/2.0\r\n"), demux.HTTP},
		"OPTIONS, one byte":       {[]byte("O"), demux.HTTP},
		"ICE-TCP":                 {frame(check), demux.Media},
		"ICE-TCP, long":           {frame(append(check, make([]byte, 300)...)), demux.Media},
		"Allocate":                {stunMessage(t, request(stun.MethodAllocate)), demux.TURN},
		"Binding without frame":   {stunMessage(t, stun.BindingRequest), demux.TURN},
		"nothing":                 {nil, demux.Short},
		"half a header":           {frame(check)[:9], demux.Short},
		"half of Allocate":        {stunMessage(t, request(stun.MethodAllocate))[:7], demux.Short},
		"an answer without ask":   {stunMessage(t, stun.BindingSuccess), demux.Unknown},
		"a frame without STUN":    {frame(make([]byte, 100)), demux.Unknown},
		"zeros":                   {make([]byte, demux.Enough), demux.Unknown},
		"ChannelData":             {[]byte{0x40, 0, 0, 4, 1, 2, 3, 4, 5, 6}, demux.Unknown},
		"SSH":                     {[]byte("\x00SSH-2.0-OpenSSH"), demux.Unknown},
		"small letters":           {[]byte("get / HTTP/1.1\r\n"), demux.Unknown},
		"a DTLS handshake by TCP": {[]byte{22, 254, 253, 0, 0}, demux.TLS}, // TLS refuses it
	} {
		if got := demux.First(c.first); got != c.want {
			t.Errorf("%s: %d, not %d", name, got, c.want)
		}
		for n := range min(len(c.first), demux.Enough) { // as they come
			if got := demux.First(c.first[:n]); got != demux.Short && got != c.want {
				t.Errorf("%s, %d bytes: %d, not %d", name, n, got, c.want)
			}
		}
	}
}

// TestForTURN has what arrives at a UDP port.
func TestForTURN(t *testing.T) {
	for name, c := range map[string]struct {
		packet []byte
		want   bool
	}{
		"an ICE check":             {stunMessage(t, stun.BindingRequest, stun.NewUsername("server:client"), stun.Fingerprint), false},
		"with others before":       {stunMessage(t, stun.BindingRequest, stun.NewSoftware("client"), stun.NewUsername("a:b")), false},
		"an ICE answer":            {stunMessage(t, stun.BindingSuccess), false},
		"a keep-alive":             {stunMessage(t, stun.NewType(stun.MethodBinding, stun.ClassIndication)), false},
		"STUN":                     {stunMessage(t, stun.BindingRequest), true},
		"STUN with software":       {stunMessage(t, stun.BindingRequest, stun.NewSoftware("client")), true},
		"Allocate":                 {stunMessage(t, request(stun.MethodAllocate)), true},
		"Allocate with a username": {stunMessage(t, request(stun.MethodAllocate), stun.NewUsername("a")), true},
		"Refresh":                  {stunMessage(t, request(stun.MethodRefresh)), true},
		"Send":                     {stunMessage(t, stun.NewType(stun.MethodSend, stun.ClassIndication)), true},
		"CreatePermission":         {stunMessage(t, request(stun.MethodCreatePermission)), true},
		"ChannelBind":              {stunMessage(t, request(stun.MethodChannelBind)), true},
		"ChannelData":              {[]byte{0x40, 0, 0, 4, 1, 2, 3, 4}, true},
		"ChannelData, last":        {[]byte{0x4f, 0xff, 0, 0}, true},
		"reserved channels":        {[]byte{0x50, 0, 0, 4, 1, 2, 3, 4}, false},
		"DTLS":                     {append([]byte{22, 254, 253}, make([]byte, 60)...), false},
		"RTP":                      {append([]byte{0x80, 96}, make([]byte, 60)...), false},
		"RTCP":                     {append([]byte{0x81, 205}, make([]byte, 60)...), false},
		"nothing":                  {nil, false},
		"without the cookie":       {make([]byte, 20), false},
		"another method":           {stunMessage(t, request(stun.Method(0x80))), false},
	} {
		if got := demux.ForTURN(c.packet); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// FuzzFirst: no first bytes are undecided once there are enough, and more bytes change no decision.
func FuzzFirst(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		kind := demux.First(b)
		if len(b) >= demux.Enough && kind == demux.Short {
			t.Fatal("there are enough bytes, and no decision")
		}
		if more := demux.First(slices.Concat(b, []byte{1, 2, 3})); kind != demux.Short && more != kind {
			t.Fatalf("%d, and with more bytes %d", kind, more)
		}
	})
}

// FuzzForTURN: what a STUN parser takes for a check of ICE is never TURN's, and the reverse.
func FuzzForTURN(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		got := demux.ForTURN(b)
		if len(b) > 0 && b[0] >= 0x50 && got {
			t.Fatal("media is TURN's")
		}
		m := &stun.Message{Raw: b}
		if !stun.IsMessage(b) || b[0] > 3 || m.Decode() != nil || len(b) != 20+int(m.Length) {
			return
		}
		_, err := m.Get(stun.AttrUsername)
		want := m.Type.Method >= stun.MethodAllocate && m.Type.Method <= stun.MethodChannelBind ||
			m.Type == stun.BindingRequest && err != nil
		if got != want {
			t.Fatalf("%v is TURN's: %t", m, got)
		}
	})
}
