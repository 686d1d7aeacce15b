# Each target prepares what it needs by itself; a fresh clone needs Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo up test check bench install tools clean

help:
	@echo "make demo    a simulated caller dials the demo secretary: greeting, two questions, a transfer"
	@echo "make up      the whole platform on this machine, embedded (Ctrl-C stops it)"
	@echo "make test    all checks that need no FreeSWITCH"
	@echo "make check   linters, types, import rules, Lua and PHP"
	@echo "make bench   the figures of the README"

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the Python packages into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[embedded,openai,anthropic,whisper,piper,turn,s3,faiss,tracing,dev]'
	@touch $(STAMP)

$(VENV)/.installed-demo: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the Python packages into $(VENV) (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--editable '.[embedded]'
	@touch $@

install: $(STAMP)

demo: $(VENV)/.installed-demo
	@$(BIN)/voice-ai demo

up: $(VENV)/.installed-demo
	@$(BIN)/voice-ai up

# Debian's packages for the tests: Redis, Lua's and PHP's linters. Without root they are used if present.
tools:
	@deploy/test-tools

test: $(STAMP) tools
	@$(BIN)/python -m pytest -q

check: $(STAMP) tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	luacheck freeswitch
	@if ls fusionpbx_app/voice_secretary/*.php >/dev/null 2>&1; then \
		find fusionpbx_app -name '*.php' -print0 | xargs -0 -n1 php -l; fi

bench: $(STAMP)
	@$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis
