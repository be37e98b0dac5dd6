# Needs only make, git and Python 3.11 to 3.13 with its venv module; everything else is fetched into .venv.

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

# uv takes the interpreter of .venv, and never downloads one.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH PYTHONDONTWRITEBYTECODE

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help setup setup-servers demo test lint audit sbom format docs schema messages bench fuzz crash clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 16

setup: $(VENV)/.ready ## make .venv with everything from the lock file (other Python: make setup PYTHON=python3.12)
	@:

setup-servers: setup ## install the servers that the tests run: Synapse, and PostgreSQL where there is none
	@$(BIN)/python -m tests.servers

demo: setup ## run the bridge with its playground and print the page's address (options: ARGS="...")
	@exec $(BIN)/python -m bridge demo $(ARGS)

test: setup-servers lint ## everything: servers, lint and all tests (a selection: ARGS="-k matrix")
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup audit ## style, types, who may import whom, the Dockerfile, and known weaknesses of what we depend on
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint docker/Dockerfile; else echo "hadolint is not made for this machine: the Dockerfile was not checked"; fi

audit: setup ## are weaknesses known in what uv.lock names? Where osv.dev cannot be reached, that is only said (options: AUDIT="...")
	@status=0; $(BIN)/uv audit --preview-features audit-command --frozen $(AUDIT) || status=$$?; \
	case $$status in \
		0) ;; \
		1) echo "Raise what is named above with: $(BIN)/uv lock --upgrade-package NAME" >&2; exit 1 ;; \
		*) echo "warning: the list of known weaknesses could not be asked (see above): NOT AUDITED, do it again with a network" >&2 ;; \
	esac

sbom: setup ## write the software bill of materials (CycloneDX) of what is installed with the program: dist/baraza.cdx.json
	@mkdir -p dist
	@$(BIN)/uv export --preview-features sbom-export --frozen --quiet --no-dev --format cyclonedx1.5 --output-file dist/baraza.cdx.json >/dev/null
	@echo "dist/baraza.cdx.json: $$(grep -c '"purl"' dist/baraza.cdx.json) packages"

format: setup ## put the code into its one format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: setup ## write docs/states.md and docs/capabilities.md from the tables in the code
	$(BIN)/python docs/generate_states.py
	$(BIN)/python docs/generate_capabilities.py

schema: setup-servers ## write bridge/storage/fresh*.sql, with which new databases begin (after each new migration)
	$(BIN)/python -m docs.generate_schema

messages: setup ## collect every sentence that people are shown, for the translators, into each language's file
	@template=bridge/rendering/locales/baraza.pot; new="$$template.new"; trap 'rm -f "$$new"' EXIT; \
	$(BIN)/pybabel --quiet extract --mapping-file bridge/rendering/babel.toml --no-default-keywords \
		--keywords "_ ngettext:1,2" --add-location file --sort-by-file --project Baraza --version 1 \
		--copyright-holder "The Baraza developers" --output-file "$$new" bridge; \
	diff --brief --ignore-matching-lines='^"POT-Creation-Date:' "$$template" "$$new" >/dev/null 2>&1 || mv "$$new" "$$template"; \
	$(BIN)/pybabel --quiet update --domain baraza --input-file "$$template" --output-dir bridge/rendering/locales \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

bench: setup ## run the benchmarks, tests/benchmarks/bench_*.py (options: ARGS="...")
	@shopt -s nullglob; found=(tests/benchmarks/bench_*.py); \
	[ $${#found[@]} -gt 0 ] || { echo "There are no benchmarks in tests/benchmarks yet."; exit 1; }; \
	for file in "$${found[@]}"; do name=$${file%.py}; $(BIN)/python -m "$${name//\//.}" $(ARGS); done

fuzz: setup ## send what nobody would write through every reader (how many of each: INPUTS=200000; options: ARGS="...")
	BARAZA_FUZZ=$(or $(INPUTS),200000) $(BIN)/python -m pytest --durations=0 tests/unit/adapters/test_fuzz_text.py \
		tests/unit/adapters/telegram/test_fuzz_updates.py tests/unit/adapters/telegram/test_fits.py \
		tests/unit/adapters/matrix/test_fuzz_events.py tests/unit/adapters/email/test_fuzz_mail.py \
		tests/unit/adapters/sms/test_fuzz_calls.py tests/unit/adapters/loopback/test_fuzz_lines.py \
		tests/unit/intake/test_fuzz_words.py tests/unit/config/test_fuzz_config.py tests/unit/media/test_fuzz_containers.py \
		tests/unit/media/test_documents.py $(ARGS)

crash: setup-servers ## run the tests that kill the program, and the slow ones of docs/faults.md
	$(BIN)/python -m pytest tests/crash tests/acceptance/test_faults.py tests/acceptance/test_faults_storage.py $(ARGS)

clean: ## remove what make has made: environments and caches, never data/ or config/
	rm -rf .venv .venv-synapse .venv-postgres dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find bridge tests -name __pycache__ -type d -prune -exec rm -rf {} +

# A second run is free: the stamp is newer than the lock file.
$(VENV)/.ready: pyproject.toml uv.lock $(VENV)/.python
	@[ "$$($(BIN)/uv --version 2>/dev/null | cut -d' ' -f2)" = "$(UV_VERSION)" ] || { \
		$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --default-pip >/dev/null; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@echo "Installing what uv.lock names into $(VENV)"
	@$(BIN)/uv sync --frozen --quiet --python $(BIN)/python
	@touch $@

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || { \
		echo "Baraza needs Python 3.11, 3.12 or 3.13, but $(PYTHON) is $$($(PYTHON) --version 2>&1 | head -n 1)."; \
		echo "Choose another one like this: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "The venv module of $(PYTHON) is missing or incomplete. On Debian and Ubuntu: apt install python3-venv"; \
		exit 1; } >&2
	@if [ -x $(BIN)/python ]; then \
		$(BIN)/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
			echo "$(VENV) was made by another Python than 3.11 to 3.13: run make clean, then this again." >&2; exit 1; }; \
	else echo "Making $(VENV)"; $(PYTHON) -m venv $(VENV); fi
	@touch $@
