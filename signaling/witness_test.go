package signaling_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tilemix/mcu"
	"tilemix/mcu/policy"
	"tilemix/signaling"
	"tilemix/signaling/access"
	"tilemix/signaling/audit"
)

// TestAudit has clients enter, act and be refused. Each decision is a line of the file, and no line
// has a secret.
func TestAudit(t *testing.T) {
	logs := audit.Default()
	logs.Path = filepath.Join(t.TempDir(), "audit.jsonl")
	log := audit.New(logs, quiet)
	url, _ := guarded(t, access.Invite, func(cfg *mcu.Config) {
		cfg.Decided = func(r policy.Ruling) { log.Note(signaling.Ruled(r)) }
	}, func(site *signaling.Config) { site.Audit = log.Note })

	secret, id := invited(t, url, `{"role":"host"}`)
	conn, ada, refused := come(t, url, "Ada", "bearer."+secret)
	if refused != "" {
		t.Fatal(refused)
	}
	connect(t, conn)
	auth := []string{"Content-Type", "application/json", "Authorization", operator}
	do(t, http.MethodPut, url+"/api/v1/rooms/den/lock", `{"locked":true}`, auth...).want(t, http.StatusNoContent)
	do(t, http.MethodDelete, url+"/api/v1/rooms/den/participants/"+ada.ID, `{"reason":"noise"}`, auth...).want(t, http.StatusNoContent)
	come(t, url, "Ada", "bearer."+secret, "resume."+ada.Resume)
	come(t, url, "Eve", "bearer.tmi_guess", "pin.4711")
	do(t, http.MethodPut, url+"/api/v1/rooms/den/lock", `{"locked":true}`, "Authorization", "Bearer tmk_stolen").want(t, http.StatusUnauthorized)
	do(t, http.MethodDelete, url+"/api/v1/rooms/den/invites/"+id, "", auth...).want(t, http.StatusNoContent)

	ended, end := context.WithCancel(t.Context())
	end()
	if err := log.Run(ended); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(logs.Path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(data)) {
		var e audit.Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.Join([]string{e.Action, e.Who, strings.ReplaceAll(e.By, id, "ID"), e.Result, e.Code}, " "))
		if e.Room != "den" || e.Time.IsZero() || e.Action == "connect" && e.Address == "" {
			t.Errorf("line %s", line)
		}
	}
	want := []string{
		"invites Operator  done ", "connect Ada invite:ID done ", "lock Operator  done ", "kick Operator  done ",
		"connect Ada  refused banned", "connect Eve  refused invite_invalid", "lock   refused invalid_credential", "invites Operator  done ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the log has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, s := range []string{secret, ada.Resume, "tmi_guess", "tmk_stolen", "4711", "operator"} {
		if s == "" || strings.Contains(string(data), s) {
			t.Errorf("the log has the secret %q: %s", s, data)
		}
	}
}
