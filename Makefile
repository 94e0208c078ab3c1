# Needs make and a Python from 3.11 to 3.13. Another one than python3: make PYTHON=python3.12 check
PYTHON ?= python3
# uv from the path, or a private copy where there is none
UV := $(or $(shell command -v uv 2>/dev/null),.uv/bin/uv)
VENV ?= .venv
BIN := $(VENV)/bin
# a release must be a week old before it is chosen
PIN := --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --exclude-newer "7 days"
export UV_PYTHON_DOWNLOADS := never
.DEFAULT_GOAL := help
.PHONY: help demo demo-operate check check-long fix bench docs lock clean

help:               ## show these targets
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## +/\t/' | expand -t 14
demo: $(VENV)/core  ## plan the reference network, print the answer, write the report
	$(BIN)/loadstone demo
demo-operate: $(VENV)/core  ## watch a simulated site follow prices, in the terminal
	test -f demo-site/operate.toml || $(BIN)/loadstone new demo-site
	$(BIN)/loadstone operate demo-site --simulated
check: $(VENV)/dev $(VENV)/peers  ## everything that must pass
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -n 2 --dist loadfile
	$(BIN)/zensical build --strict
check-long: $(VENV)/dev  ## the tests that take minutes, after `check`
	$(BIN)/pytest -n 2 -m long
fix: $(VENV)/dev  ## what a machine can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
bench: $(VENV)/dev  ## the figures in the README
	$(BIN)/pytest benchmarks
docs: $(VENV)/dev  ## build the pages into site/; a broken link fails
	$(BIN)/zensical build --strict --clean
lock: | $(UV)       ## choose versions anew; the only place that looks for newer ones
	$(UV) pip compile $(PIN) --upgrade --extra operate pyproject.toml -o requirements.lock
	$(UV) pip compile $(PIN) --upgrade --all-extras --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(UV) pip compile $(PIN) --upgrade --group peers -o requirements-peers.lock
clean:              ## remove what can be made again
	rm -rf $(VENV) $(VENV)-peers .uv site out demo demo-site .mypy_cache .ruff_cache .pytest_cache

$(VENV)/core: requirements.lock pyproject.toml | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --python $(VENV) --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(VENV) --no-deps --editable .
	touch $@
$(VENV)/dev: requirements-dev.lock $(VENV)/core | $(UV)
	$(UV) pip install --quiet --python $(VENV) --require-hashes -r requirements-dev.lock
	touch $@
$(VENV)/peers: requirements-peers.lock | $(UV)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)-peers
	$(UV) pip install --quiet --python $(VENV)-peers --require-hashes -r requirements-peers.lock
	touch $@
.uv/bin/uv:
	$(PYTHON) -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv
