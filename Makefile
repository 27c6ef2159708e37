# make demo | test | test-slow | lint | bench | package: each works from a fresh clone and needs Python 3.10 to 3.13 and a package index.
PYTHON ?= python3
PY = .venv/bin/python
export VTK_DEFAULT_OPENGL_WINDOW ?= vtkEGLRenderWindow
# Libraries in the tests reset the locale; text in pipes stays UTF-8.
export PYTHONUTF8 = 1

.PHONY: demo test test-slow lint bench package clean

demo: .venv/ready
	$(PY) -m Testing.demo build/demo

test: .venv/ready
	$(PY) -m pytest Testing -n auto --dist loadfile

test-slow: .venv/ready
	$(PY) -m pytest Testing -m slow
	$(PY) -m Testing.old_numpy

lint: .venv/ready
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

bench: .venv/ready
	PYTHONPATH=CorrespondCore:LungRegistration $(PY) -m Testing.bench --output build/bench

package: .venv/ready
	.venv/bin/cmake -S . -B build/package -DSlicer_DIR=$(CURDIR)/Testing/cmake -DCMAKE_INSTALL_PREFIX=$(CURDIR)/build/installed
	.venv/bin/cmake --build build/package --target install
	.venv/bin/cmake --build build/package --target package
	$(PY) -m pytest Testing/package -m "slow or not slow"

clean:
	rm -rf build

.venv/ready: Testing/requirements.txt
	@$(PYTHON) -m Testing.host.system_libraries
	@$(PYTHON) -c "import sys; sys.exit(None if (3, 10) <= sys.version_info < (3, 14) else 'Python 3.10 to 3.13 is needed; choose it with make PYTHON=python3.12')"
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --requirement Testing/requirements.txt
	@touch .venv/ready
