# The commands of the collection. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := requirements.lock
export PIP_QUIET := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help bench lab test data notebooks readme site determinism oldest mutate-data mutate-code check unit notebook-tests browser-tests engines pythons chromium lock clean

help: ## list the commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): $(LOCK) pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; $$($(PYTHON) --version 2>&1) was found. Name another: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Setting up the environment in $(VENV) (a minute or two, once) ..."
	@rm -f $(READY)
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c 'from helpers import explorer; explorer.scripts()'
	@touch $(READY)

lab: $(READY) ## open JupyterLab on the first notebook
	@$(BIN)/python -m helpers.lab

test: $(READY) check unit notebook-tests browser-tests engines ## run every check
	@$(MAKE) --no-print-directory pythons ONLY=newest
	@echo "Every check passed."

data: $(READY) ## check the data alone
	@$(BIN)/python -m helpers.data
	@$(BIN)/frictionless validate data/datapackage.json --type package > .venv/frictionless.txt 2>&1 || { cat .venv/frictionless.txt; exit 1; }

notebooks: $(READY) ## execute and normalise every notebook (ONLY="02 04": those), and say what changed
	@$(BIN)/python -m helpers.publish.notebooks $(ONLY)

readme: $(READY) ## bring the lists of notebooks and the counted numbers up to date
	@$(BIN)/python -m helpers.publish.readme

site: $(READY) ## render every notebook into site/, pages that work from disk
	@$(BIN)/python -m helpers.publish.site $(if $(ADDRESS),--address $(ADDRESS))

determinism: $(READY) ## execute every notebook elsewhere, in another time zone and locale, and compare
	@DETERMINISM=all $(BIN)/pytest -n 2 tests/test_determinism.py

oldest: $(READY) ## run the checks on the oldest dependencies that the ranges admit (needs python3.11)
	@$(BIN)/uv pip compile pyproject.toml --group dev --resolution lowest-direct --generate-hashes \
	  --python-version 3.11 --no-header --quiet -o $(VENV)/oldest.lock
	@$(MAKE) --no-print-directory unit notebook-tests PYTHON=python3.11 VENV=$(VENV)/oldest LOCK=$(VENV)/oldest.lock

engines: $(READY) ## drive the rendered pages in Firefox and WebKit (ONLY="02 04": those pages)
	@ONLY="$(ONLY)" $(BIN)/python -m tests.engines

pythons: $(READY) ## run the checks but for the browsers' on each Python found (ONLY=newest: on that)
	@ONLY="$(ONLY)" MAKE="$(MAKE)" $(BIN)/python -m tests.pythons

mutate-data: $(READY) ## make one cell of data/ wrong at a time: which check notices? (SEED, CHANGES)
	@$(BIN)/python -m tests.campaigns.mutate_data --seed $(or $(SEED),2014) --changes $(or $(CHANGES),400)

mutate-code: $(READY) ## change one piece of helpers/ at a time: who notices? (SEED, CHANGES)
	@$(BIN)/python tests/campaigns/mutate_code.py --seed $(or $(SEED),2014) --count $(or $(CHANGES),240)

bench: $(READY) chromium ## measure speed beside the floor and other tools (ARGS=--help says more)
	@$(BIN)/python -m tests.benchmarks $(ARGS)

check: $(READY) data
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .

unit: $(READY)
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests --ignore=tests/browser

notebook-tests: $(READY)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --nbval notebooks

browser-tests: $(READY) chromium
	@$(BIN)/python -m pytest -n 2 --dist worksteal tests/browser

chromium: $(READY)
	@$(BIN)/python -m tests.browser.chromium

lock: ## pin the newest versions that pyproject.toml admits
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --python-version 3.11 \
	  --upgrade --no-header --quiet -o requirements.lock

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) .venv-bench tests/engines/node_modules site .pytest_cache .hypothesis .ruff_cache
