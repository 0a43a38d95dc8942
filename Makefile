# Every target sets itself up; nothing but Python 3.11 or later and make is needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
PEERS  := .cache/bench-ansible
BENCH_ANSIBLE ?= --hosts 200 --tasks 50 --strategies linear,free
# tests must see the terraform that is there, not a CLI configuration of the machine
export TF_CLI_CONFIG_FILE :=

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint e2e again molecule collection bench bench-ansible golden coverage schema wheel clean

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev --editable .
	@touch $@

setup: $(VENV)/.ready ## make the virtual environment

demo: $(VENV)/.ready ## apply an example, break it, and see what the events say
	$(BIN)/python examples/demo/demo.py

test: $(VENV)/.ready lint ## lint, types, layers, and all tests but the slow ones
	$(PYTEST) -n 2 --dist worksteal -m "not e2e and not slow"

lint: $(VENV)/.ready ## ruff, mypy, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

e2e: $(VENV)/.ready ## the whole equivalence suite on every terraform at hand, kills and faults included
	$(PYTEST) -n 2 --dist worksteal -m "e2e or slow"

again: $(VENV)/.ready lint ## lint, and run again what failed last time
	$(PYTEST) --last-failed --last-failed-no-failures none

molecule: $(VENV)/.ready ## the collection's scenarios: playbooks, a real receiver, and what the journal then says
	$(BIN)/python .ci/molecule.py

collection: $(VENV)/.ready ## what Ansible's own tools demand: sanity, lint, changelog, Galaxy's importer
	$(BIN)/python .ci/collection.py

bench: $(VENV)/.ready ## speed and memory, as ratios in one run
	$(BIN)/python -m benchmarks

$(PEERS)/.ready: pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check . ansible 'ara[server]' opentelemetry-sdk opentelemetry-exporter-otlp
	@touch $@

bench-ansible: $(VENV)/.ready $(PEERS)/.ready ## the Ansible callback beside its peers; hours, or minutes with BENCH_ANSIBLE="--hosts 20 --tasks 20"
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps .
	$(BIN)/python -m benchmarks.callback --python $(PEERS)/bin/python $(BENCH_ANSIBLE)

golden: $(VENV)/.ready ## write the golden files anew (refuses under CI)
	$(PYTEST) -q --update-golden

schema: $(VENV)/.ready ## write the JSON Schemas anew
	$(BIN)/python -m change_events.schema_gen

coverage: $(VENV)/.ready ## line and branch coverage of `make test`
	$(BIN)/coverage run -m pytest -q -m "not e2e and not slow"
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --skip-covered --show-missing

wheel: $(VENV)/.ready ## build the wheel and the sdist
	$(BIN)/python -m build --outdir dist .

clean: ## remove what the targets made
	rm -rf $(VENV) .cache dist .coverage .coverage.* .demo
