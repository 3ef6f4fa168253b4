# Variables for every target: DOCS, INDEX, MODEL, HOST, PORT (see README, "Settings").
# They are passed on as flags, so they win over QA_* variables of the environment.

PYTHON ?= python3
BIN := .venv/bin
CITEWELL := $(BIN)/citewell
READY := .venv/.ready

index_flags := $(if $(INDEX),--index '$(INDEX)')
model_flags := $(if $(MODEL),--model '$(MODEL)')
serve_flags := $(if $(HOST),--host '$(HOST)') $(if $(PORT),--port '$(PORT)')
index_folder := $(or $(INDEX),$(QA_INDEX),var/index)

.DEFAULT_GOAL := help
.PHONY: help setup serve index ask test test-deep check evaluate reader bench bench-peers clean

help:
	@echo "make setup   create .venv with pinned dependencies (every target below does)"
	@echo "make serve   answer questions on http://127.0.0.1:8000; builds the index if there is none"
	@echo "make index   bring the index up to date      make index DOCS=~/reports [INDEX=var/reports]"
	@echo "make ask     ask in the terminal             make ask Q=\"who leads the center?\""
	@echo "make test    run all tests, with coverage"
	@echo "make test-deep  the long ones: every step killed, every file damaged, thousands of odd requests"
	@echo "make check   ruff, mypy, and an audit of the packages"
	@echo "make evaluate  measure what is found       make evaluate ARGS='--sets sample'"
	@echo "make reader  train the reader again, export and calibrate it"
	@echo "make bench   measure speed and memory      make bench ARGS='--passages 1000'"
	@echo "make bench-peers  the same work by others  make bench-peers ARGS='--passages 1000'"
	@echo "make clean   delete .venv and everything built under var/"

setup: $(READY)

# torch first, as its CPU build; see the script for why
$(READY): pyproject.toml constraints.txt scripts/install_torch.py
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; set PYTHON=") if sys.version_info < (3, 11) else None'
	@echo "setting up .venv (some minutes, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python scripts/install_torch.py "$$(grep '^torch==' constraints.txt)"
	@echo "installing the other dependencies"
	@$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

index: $(READY)
	@$(CITEWELL) index $(if $(DOCS),'$(DOCS)') $(index_flags) $(model_flags)

serve: $(READY)
	@$(if $(DOCS),,test -e '$(index_folder)/CURRENT' ||) \
		$(CITEWELL) index $(if $(DOCS),'$(DOCS)') $(index_flags) $(model_flags) || test $$? -eq 3
	@exec $(CITEWELL) serve $(index_flags) $(model_flags) $(serve_flags)

ask: export QUESTION = $(Q)
ask: $(READY)
	@test -n "$$QUESTION" || { echo 'say what to ask: make ask Q="who leads the center?"' >&2; exit 2; }
	@$(CITEWELL) ask $(index_flags) $(model_flags) -- "$$QUESTION"

test: $(READY)
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage report

test-deep: $(READY)
	@$(BIN)/python -m pytest -m deep

check: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m scripts.audit

# the sample alone where there is no folder QA_DATA
evaluate: $(READY)
	@$(BIN)/python -m scripts.evaluate $(ARGS)
ifeq ($(ARGS),)
	@test ! -e qa/readers/weights/SHA256SUMS || $(BIN)/python -m scripts.evaluate --answers
endif

# what qa/readers/weights/README.md tells of; three hours of one core and more. Stopped anywhere, it
# goes on from there. Reads the folder QA_DATA.
reader_pace := --peak 2.5e-4 --layer-decay 0.9
reader_first := $(reader_pace) --decay-from 2199 --decay 500
reader_second := $(reader_pace) --warmup 60 --seed 1 --decay-from 700 --decay 500 \
	--weights var/reader/first/averaged
begun = $(wildcard var/reader/$(1)/latest.pt)
reader: $(READY)
	@$(BIN)/python -m scripts.train_reader mine
	@$(BIN)/python -m scripts.train_reader train --run first $(if $(call begun,first),--resume,$(reader_first))
	@$(BIN)/python -m scripts.train_reader train --run second $(if $(call begun,second),--resume,$(reader_second))
	@$(BIN)/python -m scripts.train_reader mix --share 0.7 \
		var/reader/first/averaged var/reader/second/averaged var/reader/mixed
	@$(BIN)/python -m scripts.export_reader var/reader/mixed
	@$(BIN)/python -m scripts.calibrate_reader

# both read the folder QA_DATA; nothing else should run on the machine meanwhile
bench: $(READY)
	@$(BIN)/python -m scripts.bench $(ARGS)

bench-peers: $(READY)
	@$(BIN)/python -m scripts.bench_peers $(ARGS)

clean:
	rm -rf .venv var .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis build *.egg-info
