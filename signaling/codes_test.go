package signaling_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"tilemix/signaling/openapi"
)

// provoked are the codes that this package's tests had from the server.
var provoked sync.Map

var codeOf = regexp.MustCompile(`"code":"([a-z_]+)"`)

// note keeps the codes of an answer or a message.
func note[T string | []byte](text T) {
	for _, found := range codeOf.FindAllStringSubmatch(string(text), -1) {
		provoked.Store(found[1], true)
	}
}

// elsewhere are the codes that tests of other packages provoke, and where.
var elsewhere = map[string]string{
	"draining":    "cmd/tilemix",
	"hook_denied": "signaling/access/hook", "hook_failed": "signaling/access/hook",
	"invite_expired": "signaling/access/invite",
	"key_expired":    "signaling/access/key", "key_invalid": "signaling/access/key", "key_room": "signaling/access/key",
	"pin_busy": "signaling/access/pin", "pin_paused": "signaling/access/pin",
	"storage_trouble": "signaling/access/book",
	"token_early":     "signaling/access/token", "token_expired": "signaling/access/token",
	"token_invalid": "signaling/access/token", "token_keys": "signaling/access/token", "token_room": "signaling/access/token",
}

// whole is the package's tests, which together provoke each code of the API's closed list.
type whole struct{ *testing.M }

// Run is testing.M's.
func (w whole) Run() int {
	status := w.M.Run()
	if status != 0 || flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.list").Value.String() != "" {
		return status
	}
	var document struct {
		Components struct {
			Schemas struct{ Code struct{ Enum []string } }
		}
	}
	if err := json.Unmarshal(openapi.Document(), &document); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	missing := slices.DeleteFunc(document.Components.Schemas.Code.Enum, func(code string) bool {
		_, here := provoked.Load(code)
		return here || elsewhere[code] != ""
	})
	if len(missing) > 0 {
		fmt.Fprintln(os.Stderr, "no test provokes these codes of the API:", strings.Join(missing, ", "))
		return 1
	}
	return 0
}
