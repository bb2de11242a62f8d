# Everything a developer runs. Needs make and Python 3.11 or newer; the rest is set up in .venv.

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
READY := .venv/ready
UV := 0.13.9
HELM := v3.18.6
PIP_AUDIT := 2.9.0

# Installed for another folder (a copied clone), or its Python is gone: install anew.
ifneq ($(shell $(BIN)/python -c 'print(open("$(READY)").read().strip())' 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

.DEFAULT_GOAL := help
.PHONY: help setup demo check test test-faults test-faults-capture test-faults-delivery bench-capture bench-capture-peers bench-takeover bench-delivery bench-channels bench-feeds bench-planning bench-replanning test-security check-deployment audit format lock jars clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Install everything into .venv, with pinned versions and hashes

demo: setup ## See it work: a real MongoDB, a real Kafka, 304 products, stand-ins of four channels
	@$(BIN)/marketsync demo

check: setup ## Format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: setup check ## Check, then all tests against real servers
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q consumer adapters
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n 4 --dist worksteal

test-faults: test-faults-capture test-faults-delivery ## Both of the following, one after the other

test-faults-capture: setup ## Capture under long faults, less than 30 minutes: kills, cuts, outages, frozen servers
	@echo "Long faults of capture: outages of a minute, frozen servers, then 10 minutes of random faults. It prints the"
	@echo "seed; CAPTURE_FAULTS_SEED=N repeats a run, CAPTURE_FAULTS_SECONDS=N makes it shorter or longer."
	@$(BIN)/pytest -s tests/faults/capture

test-faults-delivery: setup ## Delivery under long faults, less than 30 minutes: kills, freezes, refusals, ten minutes of silence
	@echo "Long faults of delivery: 15 minutes of simulation, ten minutes without an answer, random kills, 100,000 changes"
	@echo "in order. Each prints its seed when it fails, and how to repeat it."
	@$(BIN)/pytest -n 2 --dist worksteal tests/faults/delivery

test-security: setup ## All against servers with TLS, passwords, roles and ACLs: a mongod and a Kafka that allow only what is needed
	@$(BIN)/pytest tests/security

check-deployment: setup ## The Helm chart by helm, docker-compose.yml by docker compose; helm is built where Go is
	@command -v helm >/dev/null || test -x build/tools/helm || ! command -v go >/dev/null \
		|| { echo "Building helm $(HELM) (a minute or two) ..."; GOBIN=$(CURDIR)/build/tools go install helm.sh/helm/v3/cmd/helm@$(HELM); }
	@$(BIN)/pytest tests/deployment tests/unit/service/test_deployment_files.py

audit: setup ## Known weaknesses of the packages in the image (needs the network)
	@rm -rf build/audit && $(PYTHON) -m venv build/audit
	@build/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==$(PIP_AUDIT)
	@build/audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r requirements/image.lock
	@rm -rf build/audit

bench-capture: setup ## How fast changes are captured, next to a loop that only reads them
	@$(BIN)/python -m tests.benchmarks.capture $(PARTS)

bench-capture-peers: setup ## The same beside Debezium and MongoDB's own connector (their jars need the network once)
	@$(BIN)/python -m tests.benchmarks.peers $(PARTS)

bench-delivery: setup ## How fast listings are delivered, next to the calls alone and next to BullMQ
	@$(BIN)/python -m tests.benchmarks.delivery

bench-channels: setup ## What delivery costs with everything on, per channel
	@$(BIN)/python -m tests.benchmarks.channels

bench-feeds: setup ## What a file of 100,000 offers costs, and that one of a million needs no more memory
	@$(BIN)/python -m tests.benchmarks.feeds $(PARTS)

bench-planning: setup ## What one listing costs from the product to what would be sent, step by step; no servers
	@$(BIN)/python -m tests.benchmarks.planning

bench-replanning: setup ## What stock changes take while a rule change plans 50,000 listings anew
	@$(BIN)/python -m tests.benchmarks.replanning

bench-takeover: setup ## For how long nothing flows when the leading capture is killed or ends
	@$(BIN)/python -m tests.benchmarks.takeover

format: setup ## Rewrite the code in our format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## Choose versions anew and write requirements/*.lock (needs the network)
	@rm -rf build/lock && $(PYTHON) -m venv build/lock
	@build/lock/bin/pip install --quiet --disable-pip-version-check uv==$(UV)
	@build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --extra embedded --extra traces --extra dev pyproject.toml --output-file requirements/dev.lock
	@build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --constraint requirements/dev.lock \
		--no-emit-index-url --no-header --extra traces pyproject.toml --output-file requirements/image.lock
	@echo hatchling==1.28.0 | build/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--constraint requirements/dev.lock --no-emit-index-url --no-header - --output-file requirements/build.lock
	@rm -rf build/lock

jars: setup ## Write the manifest of Kafka's jars anew (needs the network)
	@$(BIN)/python requirements/kafka_jars.py

clean: ## Remove .venv and all caches of this folder
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements/dev.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "marketsync needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "marketsync needs Python 3.11 or newer, $(PYTHON) is not: say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) lacks the venv module: install it (Debian, Ubuntu: apt-get install python3-venv)"; exit 1; }
	@test "$$(cat .venv/folder 2>/dev/null)" = "$(CURDIR)" && $(BIN)/python -c 'import pip' 2>/dev/null \
		|| { echo "Making .venv with $(PYTHON) ..."; $(PYTHON) -m venv --clear .venv && echo "$(CURDIR)" >.venv/folder; }
	@echo "Installing pinned packages into .venv (450 MB, the first time half a minute or more) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check --quiet --disable-pip-version-check
	@echo "$(CURDIR)" >$(READY)
