# Gigawatt. `make run` and `make test` do all their own set-up; `make help` lists the targets.
#
# Overrides:  PYTHON=python3.13   another interpreter (3.11 or newer)
#             VENV=directory      another environment
#             UV=                 pip, although uv is there
#             CHROMIUM=/path/to   another Chromium for the tests of the page
#             WORKERS=1           processes that share all the tests (by default one for each core, at most four)
#             ARGS="..."          handed on to gigawatt, pytest or the resolver

VENV ?= .venv
UV ?= $(shell command -v uv 2>/dev/null)
ARGS ?=
CHROMIUM ?=
WORKERS ?= $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

# The first interpreter that will do, the environment's own before others, so that PYTHON= needs saying only once.
# It answers with the key of the set-up (of lock, pyproject, interpreter and place) and its path outside any venv.
CANDIDATES = $(if $(PYTHON),"$(PYTHON)","$(VENV)/bin/python" python3 python3.14 python3.13 python3.12 python3.11)
PROBE = import hashlib, os, sys; \
    sys.version_info >= (3, 11) or sys.exit(1); \
    files = [open(f, "rb").read() for f in ("requirements.lock", "pyproject.toml") if os.path.exists(f)]; \
    where = [sys.version, os.path.realpath(sys.base_prefix), os.getcwd()]; \
    print(hashlib.sha256(b"".join(files) + repr(where).encode()).hexdigest()[:16]); \
    print(getattr(sys, "_base_executable", None) or sys.executable)
FOUND := $(shell for python in $(CANDIDATES); do "$$python" -c '$(PROBE)' 2>/dev/null && break; done)
BASE := $(wordlist 2, 99, $(FOUND))

# The stamp is written last: without it, or with a command or interpreter gone, the whole set-up is repeated.
STAMP := $(VENV)/.set-up-$(firstword $(FOUND))
WHOLE := $(shell "$(VENV)/bin/python" -c '' 2>/dev/null && test -x "$(VENV)/bin/gigawatt" && echo yes)

.PHONY: help setup run view test bench validate lock again
.DEFAULT_GOAL := help

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP)  ## make the environment, unless it is there and complete

run: setup  ## simulate the baseline and show what happens
	"$(VENV)/bin/gigawatt" run $(ARGS)

view: setup  ## explore the scenarios in the browser
	"$(VENV)/bin/gigawatt" view $(ARGS)

test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: export CHROMIUM := $(CHROMIUM)
test: setup  ## all tests, with the linters and the type checker among them
	@$(FIND_CHROMIUM)
	"$(VENV)/bin/python" -m pytest $(or $(ARGS),$(IN_PARALLEL))

bench: setup  ## measure the speed
	"$(VENV)/bin/gigawatt" bench $(ARGS)

validate: setup  ## calibrate and score on the record, write docs/validation.md (some minutes)
	"$(VENV)/bin/python" -m viz.validation

lock:  ## resolve requirements.lock again (ARGS=--upgrade for newer versions)
	@test -n "$(BASE)" || { $(NO_PYTHON); }
	@set -e; uv="$(UV)"; tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	if [ -z "$$uv" ]; then "$(BASE)" -m venv "$$tools"; "$$tools/bin/python" -m pip install --quiet uv; uv="$$tools/bin/uv"; fi; \
	"$$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 --all-extras \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    $(ARGS) --output-file requirements.lock pyproject.toml

$(STAMP): $(if $(WHOLE),,again)
	@test -n "$(BASE)" || { $(NO_PYTHON); }
	@case "$(VENV)" in .venv*) ;; *) test ! -e "$(VENV)" || test -f "$(VENV)/pyvenv.cfg" || { $(NOT_OURS); } ;; esac
	@echo "setting up $(VENV) with $(BASE) $(if $(UV),and uv,and pip)" >&2
	@rm -rf "$(VENV)"
ifneq ($(UV),)
	@"$(UV)" venv --quiet --python "$(BASE)" "$(VENV)"
	@"$(UV)" pip $(UV_INSTALL) --require-hashes -r requirements.lock
	@"$(UV)" pip $(UV_INSTALL) --no-deps --no-build-isolation -e .
else
	@"$(BASE)" -c 'import ensurepip, venv' 2>/dev/null || { $(ADD_VENV); }
	@"$(BASE)" -m venv "$(VENV)"
	@"$(VENV)/bin/python" -m pip $(PIP_INSTALL) --require-hashes -r requirements.lock
	@"$(VENV)/bin/python" -m pip $(PIP_INSTALL) --no-deps --no-build-isolation -e .
endif
	@touch "$@"

# Each process gets a run of neighbours, for files share what they set up, and takes over from others when it is done
# (--dist loadfile would repeat a file whose test takes its process down, again and again). A selection runs in one.
IN_PARALLEL = $(if $(filter-out 0 1,$(WORKERS)),--numprocesses $(WORKERS) --maxprocesses 4 --dist worksteal)

# pyproject's constraint for uv has no hash, and served its purpose when the lock was made: hence no configuration.
UV_INSTALL = install --quiet --no-config --python "$(VENV)/bin/python"
# Quiet twice leaves errors only.
PIP_INSTALL = install --quiet --quiet --disable-pip-version-check

NO_PYTHON = echo "make: needs Python 3.11 or newer: install one, or name it with PYTHON=/path/to/python3" >&2; exit 1
NOT_OURS = echo "make: VENV=$(VENV) is there and is no Python environment: name another directory" >&2; exit 1
NO_VENV = echo "make: this Python cannot make environments: type  sudo apt-get install python3-venv  and repeat" >&2; exit 1

# Debian ships Python without ensurepip.
ADD_VENV = if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
    then apt-get update -qq && apt-get install -y -qq python3-venv >&2 || { $(NO_VENV); }; else $(NO_VENV); fi
# Only the tests need it; the page itself runs in any browser.
FIND_CHROMIUM = if [ -n "$(CHROMIUM)" ]; then test -x "$(CHROMIUM)" || { $(BAD_CHROMIUM); }; \
    else command -v chromium >/dev/null || { $(ADD_CHROMIUM); }; fi
BAD_CHROMIUM = echo "make: CHROMIUM=$(CHROMIUM) is no program" >&2; exit 1
NO_CHROMIUM = echo "make: the tests of the page need a Chromium: type  sudo apt-get install chromium fonts-dejavu-core  or name one with CHROMIUM=" >&2; exit 1
ADD_CHROMIUM = if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
    then apt-get update -qq && apt-get install -y -qq chromium fonts-dejavu-core >&2 || { $(NO_CHROMIUM); }; else $(NO_CHROMIUM); fi
