# make run      install what is missing, build, serve on http://localhost:8080
# make test     install what is missing, run every test, with the race detector too
# make quick    format, vet, and the tests that need no network and no call: under a minute
# make one      one test: make one PKG=./mcu/ladder RUN=TestChoice
# make soak     participants with bad network paths join and leave for ten minutes: what
#               is left behind? Ten minutes are recorded: do sound and picture drift?
#               A server is killed twenty times: what is left of its recordings? Eight
#               cameras join and leave 35 times: does the server's memory come back?
#               Strangers attack for half a minute each way: does a call beside them suffer?
# make build    bin/tilemix
# make lint     linters, formatting, types of the web pages
# make bench    what each stage costs, with allocations
# make quality  how good picture and sound are: sharpness, aliases, judder, cut words, noise,
#               loudness, distortion
# make fuzz     every fuzz target for FUZZTIME
# make corpus   the same, then keep the smallest new inputs in testdata/fuzz
#
# Options of the server: make run ARGS="--listen :9000"

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := build

BUILD_PACKAGES := gcc libc6-dev pkg-config libopenh264-7 libopus-dev libopusfile-dev libvpx-dev \
	fonts-noto-core fonts-noto-color-emoji
TEST_PACKAGES  := chromium chromium-headless-shell ffmpeg firefox-esr python3-aiortc python3-gi gir1.2-gst-plugins-bad-1.0 \
	gstreamer1.0-nice gstreamer1.0-plugins-bad gstreamer1.0-plugins-good \
	nginx caddy fonts-noto-cjk openssl php-cli

LINT       := bin/tools/golangci-lint-v2.15.0
GOFUMPT    := bin/tools/gofumpt-v0.12.0
TYPESCRIPT := typescript@5.9.3
# The binary lies at another address each time it starts, and its tables cannot be written.
# Paths of this machine are not in it.
HARDENED   := -trimpath -buildmode=pie -ldflags '-s -w -extldflags "-Wl,-z,relro,-z,now"'
# What another checkout compiled is in Go's cache for this one too.
export GOFLAGS := $(strip $(shell go env GOFLAGS 2>/dev/null) -trimpath)
# How long a program with the race detector waits for more races at its end, instead of a second.
export GORACE  := atexit_sleep_ms=100
ARGS       :=
PKG        := ./...
RUN        := .
FUZZTIME   := 10s
KEEP       := 10
QUALITY    := TestStillPictureSharpens|TestNoGhost|TestScaleAliases|TestGridUsesCanvas|TestUnevenPictures|TestOnsets|TestLevelling|TestTwentyNoises|TestEquallyLoud|TestTenLoudTalkers|TestTwoTones|TestRemux
SOAKTIME   := 10m

# Packages without goroutines and sockets of their own: the race detector finds nothing there.
PURE := codec|mixer|web|cmd/tilemix/internal|mcu/(rtptime|control|event|jitter|bandwidth|ladder|uplink|presence|policy|admission|health|silence|headroom|keyframe|backoff|folder|viewer|sound|rtc/(offer|reports|rtctest/barcode))|signaling/access/(ban|store|ticket)
# What a test names that the race detector's pass leaves out, shortens or judges less.
LEFT_OUT := testing[.]Short[(]|poll[.](Alone|Lag|Crowd)[(]|raceDetector
# Packages whose tests make calls, run children or wait for a network.
SLOW := cmd/|mcu$$|mcu/(rtc|room|session|picture|sound|record|gateway|broadcast|capture|ffmpeg|turn|stream)(/|$$)|signaling/webhook

.PHONY: run build test quick one soak lint types format bench quality fuzz corpus packages test-packages clean

run: build
	@exec bin/tilemix serve $(ARGS)

build: packages
	@go build $(HARDENED) -o bin/tilemix ./cmd/tilemix

# Every test runs. One pass has the race detector, which makes everything several times slower.
# That pass therefore leaves out what testing.Short leaves out (browsers, long runs) and the pure
# packages, and judges little by clocks, so that packages share the machine. What it ran does not
# run again: the second pass has the tests that name testing.Short, the race detector or the
# machine's load, the pure packages, and those about limits of memory and of system calls, which
# the race detector's own would blur. In that pass such calls of ./mcu and the browsers have the
# machine to themselves, because they are judged by when pictures and sound arrive, and need both
# cores. All others mostly wait, so they share it. Those that take longest begin first. Within a
# package, tests that are marked parallel wait beside each other: without the race detector more
# of them than there are cores, but for browsers, which need those. Tests that judge by a clock run
# before them. make lint vets, so go test does not.
test: packages test-packages
	@set -x
	long=$$(printf 'tilemix/%s\n' cmd/tilemix mcu/gateway signaling mcu/record mcu/broadcast)
	others=$$(echo "$$long"; go list ./... | grep -vxFe tilemix/mcu -e tilemix/cmd/tilemix/browsertest -e "$$long")
	again=$$(grep -rlE --include='*_test.go' '$(LEFT_OUT)' cmd mcu signaling | xargs -n1 dirname | sort -u | sed 's,^,tilemix/,')
	left=$$(grep -rlE --include='*_test.go' '$(LEFT_OUT)' cmd mcu signaling | xargs awk '/^func / { test = $$2; sub(/\(.*/, "", test) } /$(LEFT_OUT)/ { print test }' | sort -u)
	nice -n 15 go test -vet=off -race -short -p 3 ./mcu $$(grep -vE '^tilemix/($(PURE))(/|$$)' <<<"$$others")
	go test -vet=off -parallel 8 -run "^($${left//$$'\n'/|})$$" ./mcu
	go test -vet=off -p 2 -parallel 4 -run "^($${left//$$'\n'/|})$$" $$(grep -xE "$${again//$$'\n'/|}" <<<"$$others")
	go test -vet=off -p 2 -parallel 4 $$(grep -xE 'tilemix/($(PURE)|mcu/worker|mcu/sandbox)(/.*)?' <<<"$$others")
	go test -vet=off -parallel 2 -timeout 15m ./cmd/tilemix/browsertest

quick: $(GOFUMPT)
	@unformatted=$$($(GOFUMPT) -l $$(git ls-files '*.go'))
	if [ -n "$$unformatted" ]; then
		echo "make format formats these files:" $$unformatted >&2
		exit 1
	fi
	go vet ./...
	go test -short $$(go list ./... | grep -vE '^tilemix/($(SLOW))')
	go test ./cmd/tilemix -run 'Layer|Init|TopLevel|Structure|Prose|Ratchet|Readme|Docs'

# Each line is a figure and the test that holds it.
quality: packages
	@go test -count 1 -v -run '^($(QUALITY))$$' ./codec/h264 ./codec/yuv ./mixer/layout ./mixer/audio ./mcu/ingest ./mcu/sound ./mcu/record |
		awk '/^=== (RUN|NAME|CONT)/ { test = $$3 } / [a-z_]+_test.go:[0-9]+: / { sub(/.*_test.go:[0-9]+: /, ""); print_of(test, $$0) }
			/^ *--- PASS/ && !shown[$$3] { print_of($$3, "holds") } /FAIL/
			function print_of(test, what) { printf "%-26s %s\n", test, what; shown[test] = 1; sub(/\/.*/, "", test); shown[test] = 1 }'

one:
	@go test -count 1 -v -run '$(RUN)' $(PKG)

soak: packages test-packages
	@TILEMIX_SOAK=$(SOAKTIME) go test -run '^TestSoak$$' -timeout 60m -v ./mcu
	TILEMIX_CLAP=$(SOAKTIME) go test -run '^TestClap$$' -timeout 60m -v ./mcu/record
	TILEMIX_KILLS=20 go test -run '^TestKill$$' -timeout 60m -v ./cmd/tilemix
	TILEMIX_HOME_KILLS=20 go test -run '^TestHomeKilled$$' -timeout 60m -v ./cmd/tilemix
	TILEMIX_FAULT=60s go test -run '^TestNetworks$$' -timeout 60m -v ./cmd/tilemix
	TILEMIX_CROSSING=1 TILEMIX_WEAK_DEVICE=1 go test -run '^Test(Crossing|PagesMove|WeakDevice)$$' -timeout 60m -v ./cmd/tilemix/browsertest
	TILEMIX_ROUNDS=35 go test -run '^TestMemory$$' -timeout 60m -v ./cmd/tilemix
	TILEMIX_SIEGE=30s go test -run '^TestSiege' -timeout 60m -v ./cmd/tilemix

lint: packages types $(LINT)
	@$(LINT) run ./...

types:
	@if [ ! -e web/tsconfig.json ]; then exit 0; fi
	if ! command -v npx >/dev/null; then
		echo "make lint: npx is missing; install Node.js and npm to check the types of web/" >&2
		exit 1
	fi
	npx --yes --package $(TYPESCRIPT) -- tsc --project web/tsconfig.json

format: $(LINT)
	@$(LINT) fmt ./...

$(LINT):
	@mkdir -p $(@D)
	echo "building $(@F), once"
	GOBIN=$(abspath $(@D)) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(subst golangci-lint-,,$(@F))
	mv $(@D)/golangci-lint $@

$(GOFUMPT):
	@mkdir -p $(@D)
	GOBIN=$(abspath $(@D)) go install mvdan.cc/gofumpt@$(subst gofumpt-,,$(@F))
	mv $(@D)/gofumpt $@

bench: packages
	@go test -run '^$$' -bench . -benchmem ./...

fuzz: packages
	@$(fuzz-targets) while read -r package target; do
		go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "./$$package"
	done

# The fuzzer writes an input that fails into testdata/fuzz by itself. Inputs that reach new
# code stay in its cache; the KEEP smallest of each target are worth a commit.
corpus: fuzz
	@cache=$$(go env GOCACHE)/fuzz/tilemix
	$(fuzz-targets) while read -r package target; do
		kept=$$package/testdata/fuzz/$$target
		[ -d "$$cache/$$package/$$target" ] || continue
		mkdir -p "$$kept"
		smallest=$$(find "$$cache/$$package/$$target" -type f -printf '%s %f\n' | sort -n | cut -d ' ' -f 2 | sed $(KEEP)q)
		for input in $$smallest; do
			[ -e "$$kept/$$input" ] || cp "$$cache/$$package/$$target/$$input" "$$kept/"
		done
	done
	git status --short -- '*/testdata/fuzz'

# One line a target: its folder and its name.
fuzz-targets = grep -rhoE --include='*_test.go' --with-filename '^func Fuzz[A-Za-z0-9_]*' codec mixer mcu signaling cmd | \
	sed -E 's,/[^/]*:func , ,' |

clean:
	@rm -rf bin

packages: ; $(call install,$(BUILD_PACKAGES))
test-packages: ; $(call install,$(TEST_PACKAGES))

# install asks apt for those of the packages $(1) that are not there.
define install
@missing=()
for package in $(1); do
	status=$$(dpkg-query --show --showformat='$${db:Status-Status}' "$$package" 2>/dev/null) || true
	[ "$$status" = installed ] || missing+=("$$package")
done
if ! command -v go >/dev/null; then
	echo "Go 1.26 or newer is missing: see https://go.dev/doc/install" >&2
	exit 1
fi
if [ $${#missing[@]} -eq 0 ]; then exit 0; fi
if ! command -v apt-get >/dev/null; then
	echo "no apt-get here: install what Debian calls $${missing[*]}" >&2
	exit 1
fi
sudo=()
if [ "$$(id -u)" -ne 0 ]; then sudo=(sudo); fi
echo "installing $${missing[*]}"
"$${sudo[@]}" apt-get update -qq
"$${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$${missing[@]}"
endef
