# Needs GNU make 3.81 or newer and Python 3.11 or newer; everything else is fetched into .venv.
PYTHON ?= python3
PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
PYTEST := $(PY) -m pytest
# Two tests at a time, each with servers of its own; one at a time on a broker that is shared.
PARALLEL := $(if $(PORTAL_TEST_RABBIT_URL),,--numprocesses 2 --dist loadfile --no-loadscope-reorder)
PACKAGES := libs/common $(patsubst %/pyproject.toml,%,$(wildcard services/*/pyproject.toml))
PROJECTS := $(addsuffix /pyproject.toml,$(PACKAGES))
INSTALL_PACKAGES := $(PIP) install --no-deps --no-build-isolation $(addprefix -e ,$(PACKAGES))
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-annotate --no-header --python-version 3.11
# Folder with official lists for the estate to start with; where there is none, a sample serves.
LISTS ?= $(wildcard ../shared/data/sanctions/un)
OPTIONS := $(if $(PORT),--port $(PORT)) $(if $(DATA_DIR),--data-dir $(DATA_DIR)) $(if $(LISTS),--lists $(LISTS))
# A stamp says what is installed: everything, or only what the product runs on.
EVERYTHING := .venv/everything.stamp
RUNTIME := .venv/runtime.stamp
ENOUGH_TO_RUN := $(if $(wildcard $(EVERYTHING)),$(EVERYTHING),$(RUNTIME))

.DEFAULT_GOAL := help
.PHONY: help setup lock lint format test test-fast test-containers test-upgrade docs docs-check run run-stack demo images \
	compose compose-demo compose-down manifests-run peers bench clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(EVERYTHING)  ## make .venv with all tools; needs Python 3.11 (2 min, then instant)

lock:  ## resolve requirements*.in into requirements*.txt, keeping what still fits (30 s)
	@command -v uv >/dev/null || test -x build/uv/bin/uv || \
		{ $(PYTHON) -m venv build/uv && build/uv/bin/python -m pip install --quiet uv; }
	PATH="$$PATH:build/uv/bin" $(COMPILE) requirements-dev.in -o requirements-dev.txt
	PATH="$$PATH:build/uv/bin" $(COMPILE) requirements.in -c requirements-dev.txt -o requirements.txt
	PATH="$$PATH:build/uv/bin" $(COMPILE) tests/bench/peers/requirements.in -o tests/bench/peers/requirements.txt

lint: setup  ## style, types and import boundaries; changes nothing (40 s)
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports

format: setup  ## put the code into the one format (1 s)
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

test: setup  ## all tests; needs PostgreSQL and RabbitMQ: installs them or names the command
	deploy/local/install-servers.sh
	$(PY) docs/generate.py --check
	PYTHONHASHSEED=0 $(PYTEST) $(PARALLEL)

test-fast: setup  ## rules, handlers, estate in memory; needs no server (< 60 s)
	$(PYTEST) -m "not rabbit and not postgres"

docs: setup  ## write the generated parts of docs/ and of the READMEs (5 s)
	$(PY) docs/generate.py

docs-check: setup  ## fail when a generated document is stale (5 s)
	$(PY) docs/generate.py --check

run: $(ENOUGH_TO_RUN)  ## the estate in one process; needs Python 3.11, nothing else (PORT=, DATA_DIR=, LISTS=)
	$(PY) -m deploy.local.embedded $(OPTIONS)

run-stack: setup  ## every service a process; needs servers, as test does (PORT=, DATA_DIR=, LISTS=)
	deploy/local/install-servers.sh
	$(PY) -m deploy.local.stack $(OPTIONS)

demo: $(ENOUGH_TO_RUN)  ## play registration to erasure on the estate that runs (PORT=, DATA_DIR=, LISTS=)
	$(PY) -m deploy.local.demo $(OPTIONS)

images: setup  ## an image of each service with docker, podman or buildah (TAG=, BASE=, NETWORK=; 4 min)
	deploy/docker/build.sh

compose: setup  ## the estate as containers, with all it needs; make images first (PORT=, LISTS=)
	$(PY) -m deploy.docker.compose $(if $(PORT),--port $(PORT)) up $(if $(LISTS),--lists $(LISTS))

compose-demo: setup  ## play the story on the estate that make compose started (PORT=, LISTS=)
	$(PY) -m deploy.docker.compose $(if $(PORT),--port $(PORT)) demo $(if $(LISTS),--lists $(LISTS))

compose-down: setup  ## end it and keep its data (PORT=)
	$(PY) -m deploy.docker.compose $(if $(PORT),--port $(PORT)) down

manifests-run: setup  ## the dev overlay for real: podman runs it, the story is played on it (2 min)
	$(PY) -m deploy.kubernetes.play

test-containers: setup  ## tests whose PostgreSQL and RabbitMQ are containers, on docker or podman
	deploy/docker/test-containers.sh

test-upgrade: setup  ## replace every process under the full load; needs servers, as test does (4 min)
	deploy/local/install-servers.sh
	PORTAL_TEST_LOAD=full $(PYTEST) tests/estate/test_rolling_restart.py

peers: build/peers/stamp  ## other matchers, to measure ours against, in an environment of their own

bench: setup peers  ## measure relay, consumers, requests and matching; needs servers, as test does
	deploy/local/install-servers.sh
	$(PY) -m tests.bench

clean:  ## remove .venv, build and caches; data in var/ stay
	rm -rf .venv build .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find libs services deploy tests -name __pycache__ -prune -exec rm -rf {} +
	rm -rf libs/*/*.egg-info services/*/*.egg-info

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
		"Python 3.11 or newer is needed, and $(PYTHON) is not. With another one: make PYTHON=python3.12"; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo \
		"$(PYTHON) lacks its venv module. On Debian and Ubuntu: sudo apt-get install -y python3-venv"; \
		exit 1; }
	$(PYTHON) -m venv .venv

build/peers/stamp: tests/bench/peers/requirements.txt
	$(PYTHON) -m venv build/peers
	build/peers/bin/python -m pip install --quiet --require-hashes -r $<
	@touch $@

$(EVERYTHING): requirements-dev.txt $(PROJECTS) | $(PY)
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(INSTALL_PACKAGES)
	@touch $@

$(RUNTIME): requirements.txt $(PROJECTS) | $(PY)
	$(PIP) install --require-hashes -r requirements.txt
	$(INSTALL_PACKAGES)
	@touch $@
