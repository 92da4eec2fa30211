# Berth: every command of the house. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

VENV := .venv
PY := $(VENV)/bin/python
UV := $(VENV)/bin/uv
UV_PIN := 0.13.9
WORKERS ?= 2
CORPUS ?= ../shared/corpora/devfile
CLUSTER ?= up
JOURNEY_ARGS ?=
BENCH_ARGS ?=
PYTEST_ARGS ?=

# A machine without Node gets it into the environment, which every recipe has on its path.
TOOLCHAIN := $(if $(shell command -v npm),,requirements/toolchain.txt)
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

export UV_CUSTOM_COMPILE_COMMAND := make lock
COMPILE := $(UV) pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11
LOCKS := agent proxy cli toolchain runtime awscli

# Checks run on the files that git knows or would take.
FILES := git ls-files --cached --others --exclude-standard
CODE := $(shell $(FILES) '*.py' | cut -d/ -f1 | sort -u)
SHELL_SCRIPTS := $(shell $(FILES) '*.sh' .ci)

##@ Setting up
.PHONY: help setup lock
help: ## List these commands
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.locked ## Make .venv from the hashed lock (seconds when nothing changed)

$(VENV)/.locked: requirements/dev.txt requirements/toolchain.txt
	@python3 -c 'import ensurepip' 2>/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv; }
	@test -x $(PY) || python3 -m venv $(VENV)
	@test -x $(UV) || $(PY) -m pip install --quiet --disable-pip-version-check uv==$(UV_PIN)
	$(UV) pip sync --quiet --python $(PY) --require-hashes requirements/dev.txt $(TOOLCHAIN)
	@touch $@

lock: ## Resolve every requirements file again, keeping what still fits (UPGRADE=1 takes newer versions)
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/dev.in -o requirements/dev.txt
	$(COMPILE) requirements.in -c requirements/dev.txt -o requirements.txt
	for set in $(LOCKS); do $(COMPILE) $(if $(UPGRADE),--upgrade) requirements/$$set.in -c requirements/dev.txt -o requirements/$$set.txt; done
	$(COMPILE) $(if $(UPGRADE),--upgrade) requirements/emulator.in -o requirements/emulator.txt
	$(COMPILE) $(if $(UPGRADE),--upgrade) --no-deps requirements/interface.in -o requirements/interface.txt

##@ Every day
CHECKS := format lint types layers purity sizes words locks sentences spelling documents infra shell
.PHONY: check fix golden manifest test $(CHECKS:%=check-%)
check: $(CHECKS:%=check-%) ## Everything static, each also by name as check-NAME (under 90 s)

$(CHECKS:%=check-%): setup
check-format:
	$(VENV)/bin/ruff format --check --quiet .
check-lint:
	$(VENV)/bin/ruff check --quiet .
check-types:
	$(VENV)/bin/mypy $(CODE)
check-layers:
	$(VENV)/bin/lint-imports --no-logo
check-purity:
	$(PY) -S -m checks.purity
check-sizes:
	$(PY) -m checks.sizes
check-words:
	$(PY) -m checks.words
check-locks:
	$(PY) -m checks.locks
check-sentences:
	$(VENV)/bin/interrogate --quiet tests
check-spelling:
	$(FILES) -z | xargs -0 $(VENV)/bin/codespell
check-documents:
	$(PY) -m checks.documents
check-infra:
	$(VENV)/bin/cfn-lint infra/*.yaml
	$(PY) -m checks.policies
check-shell:
	$(if $(SHELL_SCRIPTS),$(VENV)/bin/shellcheck $(SHELL_SCRIPTS))

golden: setup ## Write the golden manifests, the API's description and the example stage anew; look at the difference
	$(PY) -m tests.golden.regenerate
	$(PY) -m tests.api.test_answers
	$(PY) -m tests.infra.example

manifest: setup ## Render infra/kubernetes/agent.yaml from the chart (builds Helm when there is none)
	$(PY) -m infra.manifest

fix: setup ## Format and repair what a tool can repair
	$(VENV)/bin/ruff check --fix --quiet . || true
	$(VENV)/bin/ruff format --quiet .

test: setup ## All tests that need neither root nor a cluster (about 4 minutes)
	@.ci/packages test
	$(VENV)/bin/pytest -n $(WORKERS) --dist loadscope $(PYTEST_ARGS)

##@ The slower tiers
.PHONY: test-cluster test-deploy corpus fuzz journey simulate mutants bench
test-cluster: setup ## Tests against a real Kubernetes API and a real browser (root; builds the cluster when none is up)
	$(PY) -m berth_local.cluster run -- $(VENV)/bin/pytest -m "cluster or browser" --durations=20 $(PYTEST_ARGS)

test-deploy: setup ## What `chalice deploy` makes, on an emulated AWS (WAIT=1: also what takes minutes: the how-to page, a real schedule)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-deploy-installed test-deploy-emulator

# Side by side: what is deployed once for all its tests, and what needs no package.
ON_EMULATOR := $(patsubst %,tests/deploy/test_%.py,emulator gateway keys metering policies)
DEPLOY := $(VENV)/bin/pytest -m "deploy$(if $(WAIT),, and not minute)" --durations=5 $(PYTEST_ARGS)
.PHONY: test-deploy-installed test-deploy-emulator
test-deploy-installed:
	$(DEPLOY) tests/deploy $(ON_EMULATOR:%=--ignore=%)
test-deploy-emulator:
	$(DEPLOY) tests/contracts $(ON_EMULATOR)

corpus: setup ## Every set of public devfiles: passed of total, and each difference with its reason (CORPUS=folder)
	test -d "$(CORPUS)" || { echo "No corpus at $(CORPUS): give the folder, make corpus CORPUS=..."; exit 1; }
	$(VENV)/bin/pytest tests/corpus -m corpus --corpus="$(CORPUS)" $(PYTEST_ARGS)

fuzz: setup ## Generated devfiles, valid, nearly valid and hostile: what the reader promises of each (COUNT=n, FROM=k)
	$(PY) -m fuzz $(or $(COUNT),100000) --from $(or $(FROM),0)

journey: setup ## The demo without a person: create, open, write, stop, start, restart, terminate (root)
	$(PY) -m berth_local.journey $(JOURNEY_ARGS)

simulate: setup ## The protocol under simulation: seeds, then every crash point (SEEDS=n, FROM=k)
	$(PY) -m simulation $(or $(SEEDS),1000) --from $(or $(FROM),0) --out simulation.json
	$(PY) -m simulation crashes --out simulation.json

mutants: setup ## Break the code in a copy, row by row of mutants/table, and see who notices (MUTANTS="NAME...")
	$(PY) -m mutants $(MUTANTS)

bench: setup ## The published figures, measured here
	$(PY) -m benchmarks --corpus="$(CORPUS)" $(BENCH_ARGS)

##@ Deploying it
.PHONY: package deploy smoke destroy
package: setup ## Build the Lambda package, check it and print its sizes (STAGE=dev, ARCH=arm64, OUT=folder keeps it)
	$(PY) -m checks.package --stage $(or $(STAGE),dev) $(if $(ARCH),--architecture $(ARCH)) $(if $(OUT),--out "$(OUT)")

deploy: setup ## Deploy or upgrade the stage STAGE=...; RELEASE=tag takes that code, to roll back
	$(PY) -m infra.deploy up $(or $(STAGE),$(error Which stage? make deploy STAGE=dev)) $(if $(RELEASE),--release $(RELEASE))

smoke: setup ## See on the deployed stage STAGE=... what no test without an account can show (DRILL=1 raises an alarm)
	$(PY) -m infra.smoke $(or $(STAGE),$(error Which stage? make smoke STAGE=dev)) $(if $(DRILL),--drill)

destroy: setup ## Take the functions and the API of the stage STAGE=... away; its data stays
	$(PY) -m infra.deploy down $(or $(STAGE),$(error Which stage? make destroy STAGE=dev))

##@ Trying it
.PHONY: demo demo-clean cluster
demo: setup ## A workspace in a real cluster, open in the browser (root)
	$(PY) -m berth_local.demo $(DEMO_ARGS)

demo-clean: setup ## Stop the demo and empty its cache
	$(PY) -m berth_local.demo clean

cluster: setup ## A real one-node Kubernetes (CLUSTER=up, down or accept; root)
	$(PY) -m berth_local.cluster $(CLUSTER)
