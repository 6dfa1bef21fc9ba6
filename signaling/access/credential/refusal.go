package credential

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

// statuses has the HTTP status of each code: the closed list of refusals.
var statuses = map[string]int{
	// The credential is no good, and another would be: 401.
	"token_invalid":   http.StatusUnauthorized, // no signature of ours, or a claim that is none
	"token_expired":   http.StatusUnauthorized,
	"token_early":     http.StatusUnauthorized, // not valid yet
	"key_invalid":     http.StatusUnauthorized,
	"key_expired":     http.StatusUnauthorized,
	"invite_invalid":  http.StatusUnauthorized,
	"pin_missing":     http.StatusUnauthorized,
	"pin_wrong":       http.StatusUnauthorized,
	"invite_expired":  http.StatusForbidden,
	"invite_revoked":  http.StatusForbidden,
	"invite_used":     http.StatusForbidden, // as often as it may be
	"token_room":      http.StatusForbidden, // good for other rooms
	"key_room":        http.StatusForbidden,
	"banned":          http.StatusForbidden,
	"hook_denied":     http.StatusForbidden,
	"pin_paused":      http.StatusTooManyRequests, // too many wrong ones
	"pin_busy":        http.StatusTooManyRequests,
	"token_keys":      http.StatusServiceUnavailable, // the server has no keys to judge tokens by
	"hook_failed":     http.StatusServiceUnavailable,
	"storage_trouble": http.StatusInsufficientStorage,
}

// Codes returns all codes of refusals, sorted.
func Codes() []string { return slices.Sorted(maps.Keys(statuses)) }

// Refusal says why a credential lets nobody in. Compare its code, not its text.
type Refusal struct {
	Code string
	Text string // for the client's user
	// After is when another try makes sense; 0: the client has to change something.
	After time.Duration
	Until time.Time // of a ban; zero: no end, or no ban
}

// Refuse returns a refusal of a code. A code that is not in the list is a misuse, and panics.
func Refuse(code, format string, args ...any) *Refusal {
	if statuses[code] == 0 {
		panic("credential: " + code + " is no code of a refusal")
	}
	return &Refusal{Code: code, Text: fmt.Sprintf(format, args...)}
}

// Error returns the text.
func (r *Refusal) Error() string { return r.Text }

// Status returns the HTTP status.
func (r *Refusal) Status() int { return statuses[r.Code] }

// Is tells whether another refusal has the same code, for [errors.Is].
func (r *Refusal) Is(other error) bool {
	o, ok := other.(*Refusal) // errors.Is unwraps
	return ok && o.Code == r.Code
}
