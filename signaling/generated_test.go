package signaling_test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"tilemix/mcu/mcutest/poll"
	"tilemix/signaling/access"
	"tilemix/signaling/openapi"
)

// The generator of clients, which reads OpenAPI 3.1, and what its clients import.
const (
	generator = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
	library   = "github.com/oapi-codegen/runtime@v1.4.1"
)

// TestGeneratedClient generates a client of the description and makes a call with it: it makes a room and
// an invite, joins by WHIP, and lists participants.
func TestGeneratedClient(t *testing.T) {
	if testing.Short() {
		t.Skip("no generator with -short")
	}
	t.Parallel()
	dir := t.TempDir()
	program, err := os.ReadFile(filepath.Join("testdata", "program", "main.go.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"main.go": program, "openapi.json": openapi.Document(), "go.mod": []byte("module call\n\ngo 1.26.0\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"run", generator, "-generate", "models,client", "-package", "main", "-o", "client.go", "openapi.json"},
		{"get", library},
		{"build", "-o", "call", "."},
	} {
		goTool := exec.CommandContext(t.Context(), "go", args...)
		goTool.Dir, goTool.Env = dir, append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		if said, err := goTool.CombinedOutput(); err != nil {
			if text := string(said); os.Getenv("CI") == "" && (strings.Contains(text, "dial tcp") || strings.Contains(text, "module lookup disabled")) {
				t.Skipf("the module proxy cannot be reached: %s", text)
			}
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, said)
		}
	}
	url, _ := guarded(t, access.Invite)
	call := exec.CommandContext(t.Context(), filepath.Join(dir, "call"), url, strings.TrimPrefix(operator, "Bearer "))
	call.Stderr = os.Stderr
	in, err := call.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := call.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := call.Start(); err != nil {
		t.Fatal(err)
	}
	ada := newClient(t, webrtc.RTPTransceiverDirectionSendrecv)
	if err := json.NewEncoder(in).Encode(ada.offer(t, true, false)); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(out)
	line, err := said.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var answer string
	if err := json.Unmarshal([]byte(line), &answer); err != nil {
		t.Fatal(err)
	}
	ada.accept(t, answer)
	ada.wait(t)
	awaitSeat(t, url)
	if _, err := in.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	if who, err := said.ReadString('\n'); err != nil || who != "Ada\n" {
		t.Errorf("in the call is %q, %v", who, err)
	}
	if err := call.Wait(); err != nil {
		t.Error(err)
	}
}

// awaitSeat waits until somebody is in the room of the program.
func awaitSeat(t *testing.T, url string) {
	t.Helper()
	poll.Until(t, "somebody in the room", func() bool {
		r := do(t, "GET", url+"/api/v1/rooms/exam/participants", "", "Authorization", operator)
		return strings.Contains(r.body, `"Ada"`)
	})
}
