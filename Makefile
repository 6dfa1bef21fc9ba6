# make run      install what is missing, build, serve on http://localhost:8080
# make test     install what is missing, run every test, with the race detector too
# make soak     people with bad lines come and go for ten minutes: what is left behind?
#               ten minutes are recorded: do sound and picture drift? A server is killed
#               twenty times: what is left of its recordings? Eight cameras join and leave
#               twenty times: does the server's memory come back?
# make build    bin/tilemix
# make lint     linters, formatting, types of the web pages
# make bench    what each stage costs, with allocations
# make fuzz     every fuzz target for a short while
#
# Options of the server: make run ARGS="--listen :9000"

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := build

BUILD_PACKAGES := gcc libc6-dev pkg-config libopenh264-7 libopus-dev libopusfile-dev libvpx-dev libyuv-dev
TEST_PACKAGES  := chromium ffmpeg firefox-esr python3-aiortc python3-gi gir1.2-gst-plugins-bad-1.0 \
	gstreamer1.0-nice gstreamer1.0-plugins-bad gstreamer1.0-plugins-good

LINT       := bin/tools/golangci-lint-v2.15.0
TYPESCRIPT := typescript@5.9.3
ARGS       :=
FUZZTIME   := 10s
SOAKTIME   := 10m

.PHONY: run build test soak lint types format bench fuzz packages test-packages clean

run: build
	@exec bin/tilemix serve $(ARGS)

build: packages
	@go build -o bin/tilemix ./cmd/tilemix

# The race detector makes everything several times slower, so that pass leaves
# out what testing.Short leaves out, browsers and long runs, and codec and mixer,
# which have no goroutines. The calls of ./mcu have the machine for themselves; all
# else mostly waits, two packages at a time.
test: packages test-packages
	@set -x
	others=$$(go list ./... | grep -vxF tilemix/mcu)
	go build -race ./...
	go test -race -short ./mcu
	go test -race -short -p 2 $$(grep -vE '^tilemix/(codec|mixer)' <<<"$$others")
	go build ./...
	go test ./mcu
	go test -p 2 $$others

soak: packages test-packages
	@TILEMIX_SOAK=$(SOAKTIME) go test -run '^TestSoak$$' -timeout 60m -v ./mcu
	TILEMIX_CLAP=$(SOAKTIME) go test -run '^TestClap$$' -timeout 60m -v ./mcu/record
	TILEMIX_KILLS=20 go test -run '^TestKill$$' -timeout 60m -v ./cmd/tilemix
	TILEMIX_ROUNDS=20 go test -run '^TestMemory$$' -timeout 60m -v ./cmd/tilemix

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

bench: packages
	@go test -run '^$$' -bench . -benchmem ./...

fuzz: packages
	@grep -rhoE --include='*_test.go' --with-filename '^func Fuzz[A-Za-z0-9_]*' codec mixer mcu signaling cmd |
	while IFS=: read -r file target; do
		go test -run '^$$' -fuzz "^$${target#func }\$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")"
	done

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
