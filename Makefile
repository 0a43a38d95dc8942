# Every target sets itself up; nothing but Python 3.11 or later and make is needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
PIP    := -m pip install --quiet --disable-pip-version-check
# three at once on two cores: a third of the tests waits for something at any moment
UNIT   := -n 3 --dist worksteal -m "not e2e and not slow and not exhaustive"
CORES  := 2.16 2.17 2.19 2.21
QUICK  := $(addprefix tests/,context diff redact schema signals summary)
PEERS  := .cache/bench-ansible
AXE     := 4.14.1
AXE_SUM := 1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
BENCH_ANSIBLE ?= --hosts 200 --tasks 50 --strategies linear,free
# tests must see the terraform that is there, not a CLI configuration of the machine
export TF_CLI_CONFIG_FILE :=

.DEFAULT_GOAL := help
.PHONY: help setup lock demo preview picture quick test test-newest test-oldest lint e2e exhaustive properties cores again molecule collection redaction bench bench-ansible golden coverage schema wheel axe screenshots archive release-check publish hooks docs clean

help: ## show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# the versions of requirements/dev.txt, and what builds an editable installation is among them
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) --require-hashes -r requirements/dev.txt
	$(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(VENV)/.ready ## make the virtual environment

lock: ## lock the newest versions of all dependencies anew, in requirements/
	$(PYTHON) -m venv .cache/lock
	.cache/lock/bin/python $(PIP) --upgrade uv
	.cache/lock/bin/python tools/lock.py

demo: $(VENV)/.ready ## apply an example, break it, and see what the events say
	$(BIN)/python examples/demo/demo.py

preview: $(VENV)/.ready ## deliver a few events to a fake of every destination's backend; .cache/preview.html shows what it receives
	$(BIN)/python -m tests.destinations.preview_page .cache/preview.html

picture: $(VENV)/.ready ## draw docs/images/terminal.svg, the picture of README, from a real run
	$(BIN)/python -m tools.picture

quick: $(VENV)/.ready ## under a minute: ruff, and the tests of what computes; no Ansible, no properties
	$(BIN)/ruff check .
	$(PYTEST) -q -x -n 2 --dist worksteal -m "not e2e and not slow and not exhaustive and not ansible and not hypothesis" $(QUICK)

test: $(VENV)/.ready lint ## lint, types, layers, and all tests but the slow ones
	$(PYTEST) $(UNIT)

.cache/oldest/.ready: requirements/oldest.txt pyproject.toml
	$(PYTHON) -m venv .cache/oldest
	.cache/oldest/bin/python $(PIP) --require-hashes -r requirements/oldest.txt
	.cache/oldest/bin/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

test-oldest: .cache/oldest/.ready ## the tests of `make test` with the oldest versions that pyproject.toml allows
	.cache/oldest/bin/python -m pytest $(UNIT)

test-newest: ## the tests of `make test` with the newest versions that pyproject.toml allows, locked or not
	$(PYTHON) -m venv --clear .cache/newest
	.cache/newest/bin/python $(PIP) --upgrade "pip>=25.1"
	.cache/newest/bin/python $(PIP) --group dev --editable .
	.cache/newest/bin/python -m pytest $(UNIT)

lint: $(VENV)/.ready ## ruff, mypy, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.cache/axe/axe.min.js: Makefile
	mkdir -p .cache/axe
	npm pack --silent --pack-destination .cache/axe axe-core@$(AXE)
	echo "$(AXE_SUM)  .cache/axe/axe-core-$(AXE).tgz" | sha512sum --check --quiet
	tar -xzf .cache/axe/axe-core-$(AXE).tgz -C .cache/axe --strip-components 1 package/axe.min.js
	@touch $@

axe: .cache/axe/axe.min.js ## fetch axe-core, with which tests look for what keeps people from using a page

screenshots: $(VENV)/.ready ## draw the pictures of the pages in docs/images, with chromium
	$(BIN)/python -m tools.screenshots

hooks: $(VENV)/.ready ## the hooks of .pre-commit-config.yaml, on all files
	$(BIN)/pre-commit run --all-files

e2e: $(VENV)/.ready ## the equivalence suite on every terraform at hand, kills and faults included
	$(PYTEST) -n 2 --dist worksteal -m "(e2e or slow) and not exhaustive"

exhaustive: $(VENV)/.ready ## what e2e leaves out: the other combinations of versions, terminals and scenarios
	$(PYTEST) -n 2 --dist worksteal -m exhaustive

properties: $(VENV)/.ready ## the properties with all their examples, at random; `make test` takes a fifth, the same each time
	$(PYTEST) -n 2 --dist worksteal -m hypothesis --hypothesis-profile thorough

cores: $(VENV)/.ready ## the tests on each ansible-core that is supported, or on one: CORE=2.19
	$(PYTEST) -n 2 --dist worksteal -m ansible -k "$(or $(CORE),$(subst $() , or ,$(CORES)))" tests/ansible tests/collection

again: $(VENV)/.ready lint ## lint, and run again what failed last time
	$(PYTEST) --last-failed --last-failed-no-failures none

molecule: $(VENV)/.ready ## the collection's scenarios: playbooks, a real receiver, and what the journal then says
	$(BIN)/python .ci/molecule.py

collection: $(VENV)/.ready ## what Ansible's own tools demand: sanity, lint, changelog, Galaxy's importer
	$(BIN)/python .ci/collection.py

redaction: $(VENV)/.ready ## the two figures of redaction: secrets hidden, harmless values hidden
	$(BIN)/python -m tests.redact.figures

bench: $(VENV)/.ready ## speed and memory, as ratios in one run
	$(BIN)/python -m benchmarks

$(PEERS)/.ready: requirements/peers.txt pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python $(PIP) --require-hashes -r requirements/peers.txt
	@touch $@

bench-ansible: $(VENV)/.ready $(PEERS)/.ready ## the Ansible callback beside its peers; hours, or minutes with BENCH_ANSIBLE="--hosts 20 --tasks 20"
	$(PEERS)/bin/python $(PIP) --no-build-isolation --force-reinstall --no-deps .
	$(BIN)/python -m benchmarks.callback --python $(PEERS)/bin/python $(BENCH_ANSIBLE)

golden: $(VENV)/.ready ## write the golden files anew (refuses under CI)
	$(PYTEST) -q --update-golden

schema: $(VENV)/.ready ## write the JSON Schemas and the generated parts of docs/ anew
	$(BIN)/python -m tools.schemas

coverage: $(VENV)/.ready ## line and branch coverage of `make test`
	$(BIN)/coverage run -m pytest -q -m "not e2e and not slow and not exhaustive"
	$(BIN)/coverage combine -q
	$(BIN)/coverage report --skip-covered --show-missing

wheel: $(VENV)/.ready ## build the wheel and the sdist
	$(BIN)/python -m build --outdir dist .

archive: $(VENV)/.ready ## build the collection's archive for Ansible Galaxy
	$(BIN)/ansible-galaxy collection build --force --output-path dist-collection ansible_collection

release-check: ## whether TAG=v1.2.3 is a release of this tree: versions, changelogs; writes its notes
	$(PYTHON) tools/release_check.py $(TAG)

publish: $(VENV)/.ready ## publish the archive to the server of ANSIBLE_GALAXY_SERVER_LIST
	$(BIN)/ansible-galaxy collection publish dist-collection/*.tar.gz

.cache/docs/.ready: requirements/docs.txt
	$(PYTHON) -m venv .cache/docs
	.cache/docs/bin/python $(PIP) --require-hashes -r requirements/docs.txt
	@touch $@

docs: .cache/docs/.ready ## build the documentation as a site, in .cache/site; a broken link fails
	NO_MKDOCS_2_WARNING=1 .cache/docs/bin/mkdocs build --strict --quiet

clean: ## remove what the targets made
	rm -rf $(VENV) .cache dist dist-collection .coverage .coverage.* .demo
