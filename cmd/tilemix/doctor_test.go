package main

import (
	"os/exec"
	"strings"
	"testing"
)

// doctorSays runs the doctor as the environment of the test has it, behind a program if there is one.
func doctorSays(t *testing.T, before ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("tilemix")
	if err != nil {
		t.Fatal(err)
	}
	line := append(before, path, "doctor")
	out, err := exec.CommandContext(t.Context(), line[0], line[1:]...).CombinedOutput()
	return string(out), err
}

// TestDoctorPort: a port that another program has is an ill, with what to do.
func TestDoctorPort(t *testing.T) {
	taken := listen(t)
	defer taken.Close()
	t.Setenv("TILEMIX_DATA_DIR", t.TempDir())
	t.Setenv("TILEMIX_LISTEN", taken.Addr().String())
	out, err := doctorSays(t)
	if err == nil || !strings.Contains(out, "bad   The address "+taken.Addr().String()+" cannot be opened") || !strings.Contains(out, "--port PORT") {
		t.Errorf("%v: %s", err, out)
	}
	if !strings.Contains(out, "This machine carries about ") || !strings.Contains(out, "ok    The data folder can be written.") {
		t.Errorf("the doctor says: %s", out)
	}
}

// TestDoctorNetwork runs the doctor in networks of their own: none, one behind NAT, one without
// IPv6 beside a bridge of Docker's.
func TestDoctorNetwork(t *testing.T) {
	t.Setenv("TILEMIX_DATA_DIR", t.TempDir())
	for name, test := range map[string]struct {
		setup string
		want  []string
		never string
	}{
		"none": {"true", []string{"no address but its loopback", "no IPv6"}, "--public-ip"},
		"NAT": {
			"ip link add eth9 type dummy; ip addr add 192.168.7.5/24 dev eth9; ip addr add fd00::5/64 dev eth9 nodad; ip link set eth9 up",
			[]string{"private addresses only: 192.168.7.5, fd00::5", "--public-ip ADDRESS-OF-THE-ROUTER", "has IPv6: fd00::5"},
			"loopback",
		},
		"bridge": {
			"ip link add docker0 type dummy; ip addr add 172.17.0.1/16 dev docker0; ip link set docker0 up; ip link add eth9 type dummy; ip addr add 10.9.0.4/24 dev eth9; ip link set eth9 addrgenmode none up",
			[]string{"private addresses only: 10.9.0.4."},
			"172.17.0.1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if out, err := exec.CommandContext(t.Context(), "unshare", "--net", "sh", "-ec", test.setup).CombinedOutput(); err != nil {
				t.Skipf("this user makes no networks: %v %s", err, out)
			}
			out, _ := doctorSays(t, "unshare", "--net", "sh", "-ec", test.setup+`; ip link set lo up; exec "$@"`, "sh")
			if strings.Contains(out, "runs in a container") {
				t.Skip("this machine is a container, which the doctor says instead")
			}
			for _, want := range test.want {
				if !strings.Contains(out, want) {
					t.Errorf("the doctor does not say %q: %s", want, out)
				}
			}
			if strings.Contains(out, test.never) {
				t.Errorf("the doctor says %q: %s", test.never, out)
			}
		})
	}
}
