# Every target sets up what it needs: a fresh clone and Python 3.11 or newer are enough.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SEEDS ?= 1

# Compiled modules are kept: without them every command starts twice as slowly.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup readme demo test check lint types tests evals mutants bench bench-tokens bench-knowledge bench-servers coverage catalogues constraints clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

setup: $(STAMP)  ## make .venv and install what constraints.txt pins (uv where it is there, pip otherwise)

$(STAMP): pyproject.toml constraints.txt
	@PYTHON="$(PYTHON)" sh .ci/setup "$(VENV)"
	@touch $@

demo: $(STAMP)  ## the whole way of an alert on the simulated enterprise
	$(BIN)/mcpsoc demo

test: $(STAMP)  ## all tests, on every core
	$(BIN)/python -m pytest -n auto --dist worksteal $(PYTEST_ARGS)

check: lint types tests evals  ## what a change has to pass: ruff, mypy, tests, offline eval

lint: $(STAMP)  ## ruff
	$(BIN)/ruff check .

types: $(STAMP)  ## mypy --strict
	$(BIN)/mypy

tests: test

evals: $(STAMP)  ## the offline eval over the lab's stories
	$(BIN)/mcpsoc eval run --suite stories --seeds $(SEEDS)

mutants: $(STAMP)  ## break each gate on purpose; every mutant must be killed by a test
	$(BIN)/python -m evals.mutants

bench: $(STAMP)  ## speed, measured; JSON on stdout
	@$(BIN)/python -m evals.benchmarks.intake

bench-tokens: $(STAMP)  ## tokens per case against a plain tool loop; JSON on stdout
	@$(BIN)/python -m evals.benchmarks.tokens --seeds $(SEEDS)

bench-servers: $(STAMP)  ## time of a call, start, memory and tokens of the bundled servers (ARGS=--json)
	@$(BIN)/python -m evals.benchmarks.servers $(ARGS)

bench-knowledge: $(STAMP)  ## searching 100,000 sections, beside Chroma alone; JSON on stdout
	@$(BIN)/python -m evals.benchmarks.knowledge

coverage: PYTEST_ARGS = --cov --cov-report=json:.coverage.json --cov-report=term
coverage: test  ## tests with branch coverage, held against the thresholds
	$(BIN)/python .ci/coverage_gate.py .coverage.json

catalogues: $(STAMP)  ## bring ui/locale up to date with the messages in the code
	$(BIN)/python .ci/catalogues.py

constraints:  ## pin again everything that pyproject.toml asks for (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --upgrade --quiet \
	  --no-annotate --no-header --no-emit-index-url --no-emit-find-links --output-file constraints.txt

clean:  ## remove the environment and all caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.* build dist

readme: $(STAMP)  ## put the real output of the commands into both READMEs
	$(BIN)/python .ci/readme_output.py
