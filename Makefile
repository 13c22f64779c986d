# The two commands most people need are `make run` and `make test`; both do the whole set-up and are quick when it is done.
PYTHON ?= python3
BIN := .venv/bin
# Two processes: most tests wait for one core, and files are kept together so that fixtures are made once.
PYTEST := QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: run demo test test-fast test-long lint types benchmarks screenshots docs package package-smoke deb clean help

help:            ## list the targets
	@grep -E '^[a-z-]+: .*##' Makefile | sed -E 's/:.*##/\t/' | expand -t 20

.venv/.ready: pyproject.toml constraints.txt tools/setup.sh
	PYTHON="$(PYTHON)" sh tools/setup.sh

# A browser for the test of the listening page, Dask for that of a cluster; where they cannot be had, these tests skip
# and this is tried again next time.
.venv/.ready-for-tests: .venv/.ready tools/setup_tests.sh
	sh tools/setup_tests.sh

run: .venv/.ready  ## set everything up and open the application
	$(BIN)/aidd-studio

demo: .venv/.ready  ## restore the bundled damaged recording on the command line
	@mkdir -p out
	$(BIN)/aidd-studio restore resources/demo/damaged.flac -o out/restored.flac --overwrite

test: lint types .venv/.ready-for-tests  ## set everything up, check style, types and layers, run the tests
	$(PYTEST) -m "not long"

test-fast: .venv/.ready-for-tests  ## the tests that take a moment each
	$(PYTEST) -m "not slow and not long"

test-long: .venv/.ready-for-tests  ## the tests that take minutes
	$(PYTEST) -m long

lint: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: .venv/.ready
	$(BIN)/mypy

benchmarks: .venv/.ready  ## measure speed and quality (minutes to hours)
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest tests/benchmarks --benchmark-only -s

screenshots: .venv/.ready  ## draw every main state of the window into out/screenshots
	$(BIN)/python tools/screenshots.py out/screenshots

.venv/.docs: .venv/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[docs]"
	touch .venv/.docs

docs: .venv/.docs  ## build the documentation as a site in build/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

.venv/.packager: .venv/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[package]"
	touch .venv/.packager

package: .venv/.packager  ## build the application folder dist/aidd-studio (several minutes)
	$(BIN)/pyinstaller --noconfirm --log-level WARN --distpath dist --workpath build/pyinstaller packaging/aidd-studio.spec

package-smoke: .venv/.ready  ## run the application folder: command line, window, batch
	$(BIN)/python tools/package_smoke.py

deb: .venv/.ready  ## make a Debian package of the application folder
	$(BIN)/python packaging/linux/make_deb.py dist/aidd-studio dist

clean:           ## remove what can be made again
	rm -rf out build dist .pytest_cache .mypy_cache .ruff_cache .benchmarks
