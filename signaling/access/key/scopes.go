package key

import (
	"fmt"
	"maps"
	"slices"

	"tilemix/mcu/policy"
)

// scopes are what a key may do, as rights.
var scopes = map[string][]string{
	"rooms:read":  {"list"},
	"rooms:write": {"settings", "invite"},
	"moderate":    {"moderate"},
	"record":      {"record", "broadcast"},
	"metrics":     {"metrics"},
	"join":        policy.Participant.Rights().Names(),
}

// Scopes returns the names of all scopes, sorted.
func Scopes() []string { return slices.Sorted(maps.Keys(scopes)) }

// rights returns what scopes allow. None, or one that is not known, is an error.
func rights(of []string) (policy.Rights, error) {
	var all policy.Rights
	for _, scope := range of {
		names, ok := scopes[scope]
		if !ok {
			return 0, fmt.Errorf("%w: %.40q is not a scope: take some of %v", ErrBad, scope, Scopes())
		}
		r, err := policy.ParseRights(names)
		if err != nil {
			return 0, err
		}
		all |= r
	}
	if all == 0 {
		return 0, fmt.Errorf("%w: it needs a scope: take some of %v", ErrBad, Scopes())
	}
	return all, nil
}
