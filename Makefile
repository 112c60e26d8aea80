# What people and CI run. Every target first sets up the virtual environment that it needs; `make help` lists them.
#
#   make PYTHON=python3.12 test    uses another Python (3.11 or later)
#   make demo KEEP=1               leaves the demo's cluster running until Ctrl-C
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

# The environment is complete for exactly one content of the lock and one minor version of Python.
KEY := $(shell $(PYTHON) -c 'import hashlib, sys; print("py%d.%d" % sys.version_info[:2], hashlib.sha256(open("requirements-dev.lock", "rb").read()).hexdigest()[:12], sep="-")')
READY := $(VENV)/.ready-$(or $(KEY),without-python)

# Kept for the user, as the cluster's binaries are: a fresh clone is checked in a second where little has changed.
export MYPY_CACHE_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/lastgood/mypy

TYPED := operator/lastgood devcluster demo tests $(if $(wildcard bench/*.py),bench)
FAST_TESTS := $(wildcard tests/unit tests/simulation tests/chart)
PYTEST := $(BIN)/python -m pytest
# Cluster tests mostly wait. Each worker has a cluster of its own, and keeps the tests of a file together on it.
PARALLEL ?= -n 3 --dist loadfile
# Simulated worlds that everything is held to (tests/simulation); on every write each fault is met from 200 on.
SEEDS ?= 2000
SIMULATION = $(BIN)/python -m tests.simulation --seeds $(SEEDS) --whole-table
SIMULATED := .state/simulation.txt
step = @printf '\n==> %s  %s\n' "$$(date +%T)" '$(1)'

.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help demo demo-kind demo-recording test test-all-but-simulation test-simulation test-unit test-cluster test-e2e lint crds docs bench build venv clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' Makefile

demo: $(READY) ## Play the story: a bad version, a rollback, a kill, on a real cluster without containers
	@$(BIN)/python -m demo

demo-kind: $(READY) ## The same on kind (needs docker, kind and kubectl)
	@$(BIN)/python -m demo --kind

demo-recording: $(READY) ## Play the story and draw what it printed into docs/assets/demo.svg
	@$(BIN)/python -m demo.record

# The simulation takes what time the other tests leave over. It ends with them if they fail, and is waited for if not.
test: $(READY) ## Everything: lint, the tests below, and two thousand simulated worlds beside them
	@mkdir -p $(dir $(SIMULATED)); \
	  $(SIMULATION) --give-way > $(SIMULATED) 2>&1 & simulation=$$!; \
	  $(MAKE) --no-print-directory test-all-but-simulation || { kill $$simulation; wait $$simulation; exit 1; }; \
	  printf '\n==> %s  simulated worlds, begun beside all the above\n' "$$(date +%T)"; \
	  wait $$simulation; code=$$?; cat $(SIMULATED); exit $$code

test-all-but-simulation: lint test-unit test-cluster test-e2e

lint: $(READY) ## Style, types, the walls between the rooms, and generated files
	$(call step,ruff: rules and format)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(call step,mypy: strict types)
	$(BIN)/mypy $(TYPED)
	$(call step,import-linter: the walls between the rooms)
	$(BIN)/lint-imports
	$(call step,generated files equal their source)
	$(BIN)/python -m lastgood.api.crd --check
	$(BIN)/python -m lastgood.api.reference --check docs/reference/api.md
	$(BIN)/python -m lastgood.cli.reference --check docs/reference/settings.md

test-unit: $(READY) ## Tests without a cluster (two minutes)
	$(call step,tests without a cluster)
	$(PYTEST) -n auto $(FAST_TESTS)

test-simulation: $(READY) ## Two thousand simulated worlds; make SEEDS=100000 test-simulation for as many
	$(call step,simulated worlds)
	$(SIMULATION)

test-cluster: build ## Tests on the embedded cluster: a real API server, etcd and controllers
	$(call step,tests on the embedded cluster)
	$(PYTEST) $(PARALLEL) tests/cluster

test-e2e: build ## The whole story with a real Prometheus and real model servers
	$(call step,end-to-end tests)
	$(PYTEST) tests/e2e

build: $(READY) ## Build the embedded cluster's binaries, unless they are cached (12 minutes on 2 cores)
	$(call step,binaries of the embedded cluster)
	$(BIN)/python -m devcluster build

crds: $(READY) ## Write crds/ and the chart's copy of them from the models
	$(BIN)/python -m lastgood.api.crd

docs: $(READY) ## Write docs/reference/ from the models and the flags
	$(BIN)/python -m lastgood.api.reference docs/reference/api.md
	$(BIN)/python -m lastgood.cli.reference docs/reference/settings.md
	$(BIN)/python -m tests.safety

bench: build ## Run the benchmarks; each prints one table and writes bench/results/
	@for script in $(sort $(wildcard bench/*.py)); do $(BIN)/python $$script || exit 1; done

venv: $(READY) ## Set up the virtual environment from the lock

$(READY):
	$(call step,virtual environment in $(VENV))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'lastgood needs Python 3.11 or later, and $(PYTHON) is not: run make PYTHON=python3.12 or the like.'; exit 1; }
	@rm -f $(VENV)/.ready-*
	@version='import sys; print(sys.version_info[:2])'; \
	  test "$$($(BIN)/python -c "$$version" 2>/dev/null)" = "$$($(PYTHON) -c "$$version")" || \
	  $(PYTHON) -m venv --clear $(VENV)
	@awk '/^[^ #]/ {wanted = /^uv==/} wanted' requirements-dev.lock > $(VENV)/uv.lock
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement $(VENV)/uv.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

clean: ## Delete what set-up, tests and the demo left in this folder; cached binaries stay
	rm -rf $(VENV) .state .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
