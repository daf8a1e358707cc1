# make run    the whole recipe on the twin, ending with the report
# make replay the same from recorded answers, in seconds
# make test   everything that must hold
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := test
unexport PYTHONDONTWRITEBYTECODE  # without cached bytecode pytest starts 2.5 times slower

PYTHON ?= python3.11
LIGHT := .venv/.made
TWIN := .venv-twin/.made
BENCH := .venv-bench/.made
LONG := tests/scenarios tests/janitor tests/targets tests/wire tests/checks/test_planted.py  # first, so that no worker waits
PIP := -m pip install --quiet --disable-pip-version-check
fits = $(1) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	echo "$(1) is no Python 3.11 with venv. Next: install it, or make PYTHON=/path/to/python3.11" >&2; exit 1; }

.NOTPARALLEL:  # all but the two environments, which have a make of their own
.PHONY: run replay test test-light test-twin lint bench crash clean light twin-env envs regenerate prove-replay

run: envs ## the whole recipe on the twin
	@echo "== the recipe on the twin: nine steps, half a minute =="
	.venv/bin/python -m pytest scenarios --target twin -v --junitxml=reports/junit.xml \
		--set finetune.compare_with_reference=true

replay: $(LIGHT) ## the whole recipe from recorded answers; needs neither twin nor network
	@echo "== the recipe, replayed =="
	.venv/bin/python -m pytest scenarios -v --junitxml=reports/junit.xml

test: envs lint test-light test-twin run ## everything that must hold, then the recipe

test-light: $(LIGHT) $(TWIN)
	@echo "== tests of the harness, the SDK against the twin =="
	.venv/bin/python -m pytest $(LONG) tests --ignore=tests/twin -q -n 2 --no-loadscope-reorder

test-twin: $(TWIN)
	@echo "== tests of the twin, in its own environment =="
	.venv-twin/bin/python -m pytest tests/twin -q -n 2 --dist loadfile

lint: $(LIGHT) $(TWIN)
	@echo "== ruff, mypy --strict in each environment =="
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy & light=$$!; \
	.venv/bin/mypy --cache-dir .mypy_cache/twin --python-executable .venv-twin/bin/python \
		$$(find harness/twin -name '*.py') || twin=$$?; \
	wait $$light && exit $${twin:-0}
	@echo "== no secret in the cassettes =="
	.venv/bin/python -m harness cassettes audit

bench: $(LIGHT) $(TWIN) $(BENCH) ## ratios, measured side by side
	@for script in benchmarks/*.py; do \
		case "$$script" in */twin_*) env=.venv-twin;; */replay.py|*/validate.py) env=.venv-bench;; *) env=.venv;; esac; \
		echo "== $$script =="; "$$env/bin/python" "$$script"; \
	done

crash: $(LIGHT) $(TWIN) ## end the recipe at every exchange, in every way, and count what is left
	.venv/bin/python -m pytest tests/janitor -m slow_crash -q
	.venv/bin/python -m harness.crash --json reports/crash.json

regenerate: $(TWIN) ## make the base model again from nothing and compare (two minutes)
	.venv-twin/bin/python -m pytest tests/twin/data -m slow_regenerate

prove-replay: $(LIGHT) $(TWIN) ## a hundred replays: threads, uploads, no network; an old SDK (four minutes)
	.venv/bin/python -m pytest tests/wire -m slow_replay

light: $(LIGHT)
twin-env: $(TWIN)
envs: ## both, side by side
	@echo light twin-env | xargs -n 1 -P 2 $(MAKE) --no-print-directory

$(LIGHT): pyproject.toml constraints/light.txt
	@echo "== light environment in .venv (the SDK, pytest; about a minute the first time) =="
	@$(call fits,$(PYTHON))
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python $(PIP) --upgrade pip
	.venv/bin/python $(PIP) --constraint constraints/light.txt --editable '.[light,dev]'
	.venv/bin/python -m pip check
	@touch $@

$(TWIN): pyproject.toml constraints/twin.txt
	@echo "== the twin's environment in .venv-twin (torch, mlflow; two minutes the first time) =="
	@$(call fits,$(PYTHON))
	$(PYTHON) -m venv --clear .venv-twin
	.venv-twin/bin/python $(PIP) --upgrade pip
	.venv-twin/bin/python $(PIP) "$$(grep '^torch==' constraints/twin.txt)"
	.venv-twin/bin/python $(PIP) --constraint constraints/twin.txt --editable '.[twin]'
	.venv-twin/bin/python -m pip check
	@touch $@

$(BENCH): pyproject.toml constraints/light.txt
	@echo "== environment of the comparison in .venv-bench (vcrpy, cassetter) =="
	@$(call fits,$(PYTHON))
	$(PYTHON) -m venv --clear .venv-bench
	.venv-bench/bin/python $(PIP) --constraint constraints/light.txt --editable '.[bench]'
	@touch $@

clean: ## environments and caches; reports stay
	rm -rf .venv .venv-twin .venv-bench .sdk .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
