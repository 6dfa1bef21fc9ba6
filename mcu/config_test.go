package mcu_test

import (
	"log/slog"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/control"
)

// TestConfigRefused: what no room could be made with is said when the server
// starts, not when somebody joins.
func TestConfigRefused(t *testing.T) {
	for name, spoil := range map[string]func(*mcu.Config){
		"layout":       func(c *mcu.Config) { c.Layout = "heap" },
		"odd size":     func(c *mcu.Config) { c.Width = 641 },
		"no frames":    func(c *mcu.Config) { c.FrameRate = 0 },
		"no bitrate":   func(c *mcu.Config) { c.VideoBitrate = 0 },
		"bitrate":      func(c *mcu.Config) { c.VideoBitrate = 999_999_999_999 },
		"sound":        func(c *mcu.Config) { c.AudioBitrate = 5999 },
		"channels":     func(c *mcu.Config) { c.AudioChannels = 3 },
		"places":       func(c *mcu.Config) { c.Spatial = true }, // in one channel
		"tiles":        func(c *mcu.Config) { c.MaxTiles = 26 },
		"no rooms":     func(c *mcu.Config) { c.MaxRooms = 0 },
		"participants": func(c *mcu.Config) { c.MaxParticipants = 10_001 },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := small()
			spoil(&cfg)
			if _, err := mcu.NewServer(cfg, slog.New(slog.DiscardHandler)); err == nil {
				t.Error("it is taken")
			}
		})
	}
}

// TestNames looks at what becomes of names.
func TestNames(t *testing.T) {
	s := serve(t, small())
	for _, test := range []struct{ name, want string }{
		{"Ada", "Ada"},
		{"", "Guest"},
		{"  Ada \t\n Lovelace ", "Ada Lovelace"},
		{"Ada\u202egnp.exe", "Adagnp.exe"},           // written backwards from there
		{"\u2067Ada\u2069 \u200fBen", "Ada Ben"},     // isolates and marks of direction
		{"A\u200bd\u2060a\ufeff\u00ad", "Ada"},       // without a width
		{"\u200b\u200e", "Guest"},                    // nothing else
		{"\u200d", "Guest"},                          // a joiner of nothing
		{"\u3164\u115f", "Guest"},                    // letters that are blank
		{"\u0301\ufe0f", "Guest"},                    // marks on nothing
		{"\u200cAda\u200d \u200dBen", "Ada Ben"},     // joiners beside no letter
		{"می\u200cخواهم", "می\u200cخواهم"},           // Persian is written so
		{"क्\u200dष", "क्\u200dष"},                   // Hindi
		{"👩\u200d💻", "👩\u200d💻"},                     // one picture of two
		{"A\u200d\u200d\u200dB", "A\u200dB"},         // one is enough
		{"Ada\U000e0041\U000e0042\U000e007f", "Ada"}, // tags
	} {
		var news inbox
		p, err := s.Join(mcu.JoinOptions{Room: "names", Name: test.name, Send: news.put})
		if err != nil {
			t.Errorf("%+q: %v", test.name, err)
			continue
		}
		welcome := next(t, &news, "a welcome", func(control.Welcome) bool { return true })
		if welcome.Name != test.want {
			t.Errorf("%+q becomes %+q, not %+q", test.name, welcome.Name, test.want)
		}
		p.Leave()
		<-p.Done()
	}
}
