# make run    the whole recipe on the twin, ending with the report
# make replay the same from recorded answers, in seconds
# make test   everything that must hold
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := test
unexport PYTHONDONTWRITEBYTECODE  # without cached bytecode pytest starts 2.5 times slower

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3.11)
TORCH ?= cpu# build of torch on Linux: cpu, cuda (2.7 GB to fetch), or auto, which looks for a GPU
LIGHT := .venv/.made
TWIN := .venv-twin/.made
BENCH := .venv-bench/.made
RIVALS := .venv-bench# environment of the benchmarks against other packages; --quick needs none of them
LONG := tests/commands tests/scenarios tests/janitor tests/targets tests/wire tests/checks/test_planted.py  # first, so that no worker waits
INSTALL = command -v "$(PYTHON)" > /dev/null || { echo "PYTHON=$(PYTHON) is no program." \
	"Next: make PYTHON=/path/to/python3.11" >&2; exit 1; }; "$(PYTHON)" -m harness.install
ifeq ($(filter $(TORCH),cpu cuda auto),)
$(error TORCH=$(TORCH) is no build of torch. Next: TORCH=cpu, TORCH=cuda or TORCH=auto)
endif

.NOTPARALLEL:  # all but the two environments, which have a make of their own
.PHONY: run replay test test-light test-twin lint bench crash clean light twin-env envs regenerate prove-replay environments

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
	@missed=; for script in benchmarks/*.py; do \
		case "$$script" in */twin_*) env=.venv-twin;; */replay.py|*/validate.py) env=$(RIVALS);; *) env=.venv;; esac; \
		echo "== $$script =="; "$$env/bin/python" "$$script" $(BENCH_OPTIONS) || missed="$$missed $$script"; \
	done; \
	if [ -n "$$missed" ]; then echo "missed a goal, or failed:$$missed" >&2; exit 1; fi

crash: $(LIGHT) $(TWIN) ## end the recipe at every exchange, in every way, and count what is left
	.venv/bin/python -m pytest tests/janitor -m slow_crash -q $(CRASH_TEST_OPTIONS)
	.venv/bin/python -m harness.crash --json reports/crash.json $(CRASH_OPTIONS)

environments: $(LIGHT) $(TWIN) ## every environment of the table, for replay, twin and preflight (half an hour)
	.venv/bin/python -m pytest tests/environment -m slow_environments -q -n 2 \
		$(if $(ALLOW_UNTRIED),--allow-untried) $(ENVIRONMENTS_OPTIONS)

regenerate: $(TWIN) ## make the base model again from nothing and compare (two minutes)
	.venv-twin/bin/python -m pytest tests/twin/data -m slow_regenerate $(REGENERATE_OPTIONS)

prove-replay: $(LIGHT) $(TWIN) ## a hundred replays: threads, uploads, no network; an old SDK (four minutes)
	.venv/bin/python -m pytest tests/wire -m slow_replay $(PROVE_OPTIONS)

light: $(LIGHT)
twin-env: $(TWIN)
envs: ## both, side by side
	@echo light twin-env | xargs -n 1 -P 2 $(MAKE) --no-print-directory --silent

$(LIGHT): pyproject.toml constraints/light.txt
	@echo "== light environment in .venv (the SDK, pytest): 230 MB to fetch the first time =="
	@$(INSTALL) .venv light,dev --pins constraints/light.txt
	@touch $@

$(TWIN): pyproject.toml constraints/twin.txt
	@echo "== the twin's environment in .venv-twin (torch, mlflow): 470 MB to fetch the first time =="
	@$(INSTALL) .venv-twin twin --pins constraints/twin.txt --torch $(TORCH)
	@touch $@

$(BENCH): pyproject.toml constraints/light.txt
	@echo "== environment of the comparison in .venv-bench (vcrpy, cassetter) =="
	@$(INSTALL) .venv-bench bench --pins constraints/light.txt
	@touch $@

clean: ## environments and caches; reports stay
	rm -rf .venv .venv-twin .venv-bench .sdk .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
