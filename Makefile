# moonecho: set-up, demonstration, checks. `make` alone lists what there is.
#
# Every target does the set-up that it needs on a bare Debian 12 or Ubuntu 24.04 (or anything else with
# Python >= 3.11), and a second call finds it done: the stamps lie in .venv, so that removing .venv is
# all that it takes to start afresh.

SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test lint setup kernels plugin lock clean

# The interpreter to build .venv with: make PYTHON=/path/to/python3 test
PYTHON ?=
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --no-input
DEMO_CONFIG := configs/point_target.yaml
DEMO_OUT := runs/demo

# Folders that hold Python of ours, as far as they exist yet.
PYTHON_DIRS := $(wildcard sim_core drivers testbed tests benchmarks lab_scripts)
KERNEL_SOURCES := $(shell find sim_core drivers testbed -name '*.py')

ENVIRONMENT := $(VENV)/.stamp-environment
RUNTIME := $(VENV)/.stamp-runtime
TESTING := $(VENV)/.stamp-test
PROJECT := $(VENV)/.stamp-project
KERNELS := $(VENV)/.stamp-kernels
SOAPY := $(VENV)/.stamp-soapy
PLUGIN := build/soapy-plugin/libmoonecho_loopback.so
PLUGIN_SOURCES := $(wildcard drivers/soapy/plugin/CMakeLists.txt drivers/soapy/plugin/src/*)
# Only the tests need these, and may be told to do without.
SOAPY_PARTS := $(if $(MOONECHO_WITHOUT_SOAPY),,$(SOAPY) $(PLUGIN))

help:
	@echo "make demo     set up, run $(DEMO_CONFIG), say where its report lies"
	echo "make test     set up, then lint, types, layers and the whole test suite"
	echo "make lint     ruff, mypy and import-linter alone"
	echo "make plugin   SoapySDR from the distribution, and the software radio built against it"
	echo "make setup    the environment of demo and its compiled kernels, nothing more"
	echo "make lock     resolve the dependencies anew into requirements/*.txt"
	echo "make clean    remove caches, runs and .venv"
	echo "PYTHON=...    the interpreter to make .venv with (Python >= 3.11)"
	echo "MOONECHO_WITHOUT_SOAPY=1 make test    leaves out what needs SoapySDR"

demo: setup
	@rm -rf $(DEMO_OUT)
	mkdir -p $(dir $(DEMO_OUT))
	status=0
	$(VENV)/bin/moonecho run $(DEMO_CONFIG) --out $(DEMO_OUT) || status=$$?
	if [ -e $(DEMO_OUT)/report.html ]; then
		echo "Report: $(CURDIR)/$(DEMO_OUT)/report.html (for programs: report.json beside it)"
	fi
	exit $$status

test: lint $(KERNELS) $(SOAPY_PARTS)
	@if [ -n "$(MOONECHO_WITHOUT_SOAPY)" ]; then
		echo "MOONECHO_WITHOUT_SOAPY is set: the tests that need SoapySDR are left out."
	fi
	$(PY) -m pytest

plugin: $(SOAPY) $(PLUGIN)
	@echo "The software radio is built. For SoapySDR programs of this shell:"
	echo "  export SOAPY_SDR_PLUGIN_PATH=$(CURDIR)/$(patsubst %/,%,$(dir $(PLUGIN)))"
	echo "  SoapySDRUtil --probe=\"driver=moonecho_loopback\""

lint: $(TESTING) $(PROJECT)
	@set -x
	$(PY) -m ruff check $(PYTHON_DIRS)
	$(PY) -m ruff format --check $(PYTHON_DIRS)
	$(PY) -m mypy
	$(VENV)/bin/lint-imports

setup: $(KERNELS)

kernels: $(KERNELS)

# ---- set-up, step by step ------------------------------------------------------------------------

# Shell: installs packages of Debian or Ubuntu; fails where it cannot.
define APT_INSTALL
apt_install() {
		command -v apt-get >/dev/null || return 1
		as_root=
		if [ "$$(id -u)" -ne 0 ]; then
			command -v sudo >/dev/null || return 1
			# Without a terminal nobody can type a password.
			if [ -t 0 ]; then as_root=sudo; else as_root="sudo -n"; fi
		fi
		# Not fatal: one unreachable source of many must not stop an install that needs another.
		$$as_root apt-get update -qq || true
		$$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq --no-install-recommends "$$@" >/dev/null
	}
endef

# The distribution's own interpreter comes first: its SoapySDR binding works with no other.
$(ENVIRONMENT):
	@$(APT_INSTALL)
	usable() {
		"$$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
	}
	find_python() {
		for candidate in $(PYTHON) /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
			if usable "$$candidate"; then echo "$$candidate"; return; fi
		done
	}
	give_up() {
		echo "moonecho needs Python 3.11 or newer with venv: $$1." >&2
		echo "On Debian 12 or Ubuntu 24.04: apt-get install python3 python3-venv (as root)." >&2
		echo "Elsewhere install it by your own means, or name it: make PYTHON=/path/to/python3" >&2
		exit 1
	}
	if [ -n "$(PYTHON)" ] && ! usable "$(PYTHON)"; then
		give_up "PYTHON=$(PYTHON) is older than that, or lacks venv, or is not there"
	fi
	if [ -x $(PY) ]; then
		echo "Using the $(VENV) that is here already."
		$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
			give_up "the one in $(VENV) is older or does not run (remove $(VENV) to have it made anew)"
	else
		python=$$(find_python)
		if [ -z "$$python" ]; then
			echo "No Python with venv found: installing the distribution's python3 and python3-venv."
			apt_install python3 python3-venv ||
				give_up "none was found, and it could not be installed (no apt-get, or no right to)"
			python=$$(find_python)
			[ -n "$$python" ] || give_up "the distribution's python3 is older"
		fi
		echo "Making $(VENV) with $$python."
		"$$python" -m venv $(VENV)
	fi
	$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip
	touch $@

# The build tools are pinned too, and come first: with them nothing is fetched without a hash.
$(RUNTIME): requirements/build.txt requirements/runtime.txt | $(ENVIRONMENT)
	@echo "Installing the dependencies."
	$(PIP) install --quiet --require-hashes -r requirements/build.txt
	$(PIP) install --quiet --require-hashes --no-build-isolation -r requirements/runtime.txt
	touch $@

$(TESTING): requirements/test.txt $(RUNTIME)
	@echo "Installing what the tests need."
	$(PIP) install --quiet --require-hashes --no-build-isolation -r requirements/test.txt
	touch $@

# Editable, so that numba's cache lies beside the sources and lasts.
$(PROJECT): pyproject.toml $(RUNTIME)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Compiled here once, so that no run has to wait for the compiler.
$(KERNELS): $(KERNEL_SOURCES) $(PROJECT)
	@echo "Compiling the numerical kernels."
	$(PY) -m testbed.warm_up
	touch $@

# SoapySDR has no wheel: its binding is the distribution's, for the distribution's Python alone. The
# links make it visible in .venv, and nothing else of the system.
SOAPY_PACKAGES := python3-soapysdr libsoapysdr-dev soapysdr-tools soapysdr0.8-module-remote \
	soapyremote-server cmake g++

$(SOAPY): | $(ENVIRONMENT)
	@$(APT_INSTALL)
	give_up() {
		echo "The tests of software-defined radios need SoapySDR: $$1." >&2
		echo "On Debian 12 or Ubuntu 24.04: apt-get install $(SOAPY_PACKAGES) (as root)." >&2
		echo "To leave these tests out: MOONECHO_WITHOUT_SOAPY=1 make test" >&2
		exit 1
	}
	complete() {
		for command in cmake c++ SoapySDRUtil SoapySDRServer; do
			command -v $$command >/dev/null || return 1
		done
		/usr/bin/python3 -c 'import _SoapySDR' 2>/dev/null
	}
	if ! complete; then
		echo "Installing SoapySDR from the distribution."
		apt_install $(SOAPY_PACKAGES) ||
			give_up "it is not there and could not be installed (no apt-get, or no right to)"
		complete || give_up "it was installed, and parts of it cannot be found"
	fi
	binding=$$(/usr/bin/python3 -c 'import _SoapySDR; print(_SoapySDR.__file__)')
	suffix=$$($(PY) -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')
	case "$$binding" in
		*/_SoapySDR$$suffix) ;;
		*) give_up "$(VENV) is not of the distribution's Python (remove it; make PYTHON=/usr/bin/python3)" ;;
	esac
	packages=$$($(PY) -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
	ln -sf "$$binding" "$$(dirname "$$binding")/SoapySDR.py" "$$packages"
	$(PY) -c 'import SoapySDR' || give_up "its Python binding cannot be imported in $(VENV)"
	touch $@

$(PLUGIN): $(PLUGIN_SOURCES) | $(SOAPY)
	@echo "Building the software radio."
	mkdir -p build
	{
		cmake -S drivers/soapy/plugin -B $(@D) -DCMAKE_BUILD_TYPE=Release &&
		cmake --build $(@D) --parallel 2
	} >build/soapy-plugin.log 2>&1 || { cat build/soapy-plugin.log >&2; exit 1; }
	touch $@

# ---- upkeep --------------------------------------------------------------------------------------

# One version of a package for every Python and platform (fork-strategy fewest); test.txt is resolved
# first and holds the others to its versions, so that what was tested is what is run.
UV ?= $(shell command -v uv || echo build/lock/bin/uv)
RESOLVE = $(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade

lock:
	@if ! command -v $(UV) >/dev/null; then
		$(MAKE) --no-print-directory $(ENVIRONMENT)
		$(PY) -m venv build/lock
		build/lock/bin/python -m pip install --quiet uv
	fi
	mkdir -p requirements
	$(RESOLVE) pyproject.toml --extra de440 --group test --group build -o requirements/test.txt
	$(RESOLVE) pyproject.toml -c requirements/test.txt -o requirements/runtime.txt
	$(RESOLVE) --group build -c requirements/test.txt -o requirements/build.txt
	wc -l requirements/*.txt

clean:
	@rm -rf $(VENV) build dist runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
