# All targets use one virtual environment; it needs only Python 3.11 or later.
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
# Links to the rooms under the names by which they are imported: mypy follows links, but not the import hook of an
# editable install.
TYPED := build/typed
NODE_READY := node_modules/.package-lock.json

.PHONY: demo test test-heavy test-all lint lint-js lint-python docs bench bench-all judge clean

demo: $(READY)  ## set up, and run a search on scikit-learn's digits
	$(BIN)/valp search digits --name demo --candidates 24 --steps 1000 --seed 1

test: $(READY)  ## set up, and run the tests
	$(BIN)/pytest -m "not slow and not heavy" --durations 15 --durations-min 3 -n 2 --dist loadfile --no-loadscope-reorder

test-heavy: $(READY)  ## exports, pages of the docs, browsers
	$(BIN)/pytest -m "heavy and not slow" --durations 15 --durations-min 3 -n 2 --dist loadfile --no-loadscope-reorder

test-all: $(READY)  ## all tests, including the slow ones
	$(BIN)/pytest

lint: lint-js lint-python  ## format, lint and types

lint-python: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	rm -rf $(TYPED) && mkdir -p $(TYPED)/valp && ln -s $(CURDIR)/valp/* $(CURDIR)/spaces $(CURDIR)/search $(TYPED)/valp
	ln -s $(CURDIR)/benchmarks $(TYPED)/benchmarks
	cd $(TYPED) && $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml

lint-js:  ## the report's JavaScript: format, lint and types; skipped without npm
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory $(NODE_READY) && npm run --silent lint; \
	else echo "lint-js: SKIPPED, npm is not installed"; fi

docs: $(READY)  ## build the pages of docs/ as a website: site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(READY)  ## the shorter benchmarks of docs/, in half an hour
	$(BIN)/python -m benchmarks.algorithm1
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.workers
	$(BIN)/python -m benchmarks.utilisation
	$(BIN)/python -m benchmarks.table
	$(BIN)/python -m benchmarks.vary
	$(BIN)/python -m benchmarks.proposals
	$(BIN)/python -m benchmarks.waiting
	$(BIN)/python -m benchmarks.halving

bench-all: bench  ## bench, and the benchmarks that take hours
	$(BIN)/python -m benchmarks.endurance
	$(BIN)/python -m benchmarks.catalogue
	$(BIN)/python -m benchmarks.convolutions
	$(BIN)/python -m benchmarks.decay
	$(BIN)/python -m benchmarks.strategies
	$(BIN)/python -m benchmarks.paper
	$(BIN)/python -m benchmarks.rows
	$(BIN)/python -m benchmarks.sharing
	$(BIN)/python -m benchmarks.and_xor
	$(BIN)/python -m benchmarks.mt_vae
	$(BIN)/python -m benchmarks.two_digits
	$(BIN)/python -m benchmarks.balance_searches
	$(BIN)/python -m benchmarks.multi_mnist
	$(BIN)/python -m benchmarks.multi_mnist --times

judge: $(READY)  ## train the shipped judge of Fashion-MNIST again (about half an hour)
	$(BIN)/python -m valp.spaces.builtin.train_judge

clean:
	rm -rf $(VENV) node_modules site .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(READY)

$(NODE_READY): package.json package-lock.json
	npm ci --silent
	touch $(NODE_READY)
