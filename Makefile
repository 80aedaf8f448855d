# Everything a user or a contributor runs; `make help` lists it. Needs Python >= 3.11 with venv and pip.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The same address rules as pip's own configuration apply; nothing here names an index.
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast lint site-check docs bench sample clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.made: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --upgrade "pip>=25.1"
	$(PIP) install --editable .
	@touch $@

$(VENV)/.made-test: $(VENV)/.made pyproject.toml
	$(PIP) install --group test --group example
	@touch $@

$(VENV)/.made-docs: $(VENV)/.made pyproject.toml
	$(PIP) install --group docs
	@touch $@

demo: $(VENV)/.made ## Set up, harvest the sample Jenkins, build its site and serve it (SERVE= to only build)
	$(BIN)/reportgen demo demo $(if $(filter undefined,$(origin SERVE)),,--no-serve)

test: $(VENV)/.made-test chromium strace rsync nginx r lint site-check ## Set up everything the tests need, and run all of them
	$(BIN)/python -m pytest

test-fast: $(VENV)/.made-test ## The unit tests alone: under a minute
	$(BIN)/python -m pytest -m "not slow and not browser"

lint: $(VENV)/.made-test ## Style and types
	$(BIN)/ruff check .
	$(BIN)/mypy

.PHONY: chromium strace rsync nginx r
chromium: ## Find Chromium, or install it from Debian's packages
	@sh tools/ensure.sh "$${REPORTGEN_CHROMIUM:-chromium}" chromium

strace: ## Find strace, or install it from Debian's packages
	@sh tools/ensure.sh strace strace

rsync: ## Find rsync, or install it from Debian's packages
	@sh tools/ensure.sh rsync rsync

nginx: ## Find nginx, or install it from Debian's packages
	@PATH="$$PATH:/usr/sbin" RUNLEVEL=1 sh tools/ensure.sh nginx nginx-light

r: ## Find R, or install it from Debian's packages
	@sh tools/ensure.sh Rscript r-base-core

site-check: $(VENV)/.made-test chromium ## The sample site in Chromium, axe, html-validate, vnu and Lighthouse
	sh tools/site-check.sh $(BIN)/python

docs: $(VENV)/.made-docs ## Build the documentation into site/
	$(BIN)/mkdocs build --strict

bench: $(VENV)/.made-test ## Print the benchmark tables
	$(BIN)/python benchmarks/run.py

sample: $(VENV)/.made-test ## Run the example pipeline anew and pack what its builds archived
	rm -rf build/wisconsin
	$(BIN)/python examples/wisconsin/run_pipeline.py --out build/wisconsin
	$(BIN)/python examples/wisconsin/pack.py build/wisconsin reportgen/demo/sample.tar.xz

clean: ## Remove what these targets made
	rm -rf $(VENV) demo site build dist node_modules .mypy_cache .ruff_cache .pytest_cache
