# Two commands do all set-up on a fresh Debian/Ubuntu machine:
#   make demo   run the bilayer-against-multilayer comparison on two ranks
#   make test   run the fast tests (make test-all adds the slow ones)
VENV  ?= .venv
PEERS ?= .venv-peers
NP    ?= 2
BIN   := $(VENV)/bin
STAMP := $(VENV)/.stamp
DEMO  := scenarios/paper/field_and_stress.yaml

.PHONY: demo test test-all lint lock bench bench-errors bench-meshes gallery studies audit clean
export OMP_NUM_THREADS ?= 1

demo: $(STAMP)
	$(BIN)/mpirun -n $(NP) $(BIN)/python -m seix run $(DEMO) --reuse

test: $(STAMP)
	$(BIN)/python -m pytest -n $(NP) --dist worksteal -m "not slow"

test-all: $(STAMP)
	$(BIN)/python -m pytest -n $(NP) --dist worksteal

lint: $(STAMP)
	$(BIN)/python -m pip install -q --disable-pip-version-check ruff
	$(BIN)/python -m ruff check src tests tools

$(STAMP): requirements/lock.txt pyproject.toml tools/find-python.sh tools/system-libs.sh
	sh tools/system-libs.sh
	test -x $(BIN)/python || { P=$$(sh tools/find-python.sh) && "$$P" -m venv $(VENV); }
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/lock.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps -e .
	$(BIN)/python -m compileall -q src
	touch $@

# needs uv; leaves no index address in the file
lock:
	uv pip compile -q --universal --python-version 3.12 --generate-hashes --no-header --no-annotate \
	  --extra fenicsx --group test --group build pyproject.toml -o requirements/lock.txt

clean:
	rm -rf $(VENV) $(PEERS) build src/*.egg-info

# codes that the solver race runs against, in an environment of their own; what has no wheel here is left out of the race
$(PEERS)/.stamp: requirements/peers.txt $(STAMP)
	test -x $(PEERS)/bin/python || $(BIN)/python -m venv $(PEERS)
	for name in $$(grep -v '^#' requirements/peers.txt); do \
	  $(PEERS)/bin/python -m pip install -q --disable-pip-version-check $$name || echo "not installed: $$name"; done
	touch $@

# benchmarks of the FEM core; the tables and plots of docs/performance.md are made anew (about an hour)
bench: $(PEERS)/.stamp
	$(BIN)/python bench/race.py --peers $(PEERS)/bin/python --write docs/performance.md
	$(BIN)/python bench/core.py --write docs/performance.md
	$(BIN)/python bench/scaling.py --write docs/performance.md
	$(BIN)/python bench/adapt.py --write docs/performance.md --image docs/images/adapt.png
	$(BIN)/python bench/studies.py --write docs/performance.md
	$(BIN)/python bench/scenarios.py --ranks $(NP) --write docs/performance.md
	$(BIN)/python bench/machine.py --write docs/performance.md

# how true stated errors are, in a quarter of an hour for those of random packings and an hour for those of adapted meshes
bench-errors: $(STAMP)
	$(BIN)/python bench/stated_errors.py --write docs/theory.md
	$(BIN)/python bench/effectivity.py --write docs/performance.md

# benchmarks of the mesher; the tables of docs/benchmarks.md are made anew
bench-meshes: $(STAMP)
	$(BIN)/python bench/meshes.py --write docs/benchmarks.md
	$(BIN)/python bench/curved.py --write docs/benchmarks.md

# pictures of docs/gallery.md; make gallery RUNS=--runs also computes those of results, in about ten minutes
gallery: $(STAMP)
	$(BIN)/python tools/gallery.py $(RUNS)

# the shipped studies, their reports in results/studies, and the tables and figures of docs/paper_studies.md, in under an hour on two
# cores; goes on where it was stopped
STUDIES := current contrast boundary crowding gap diameter fraction layers sensitivity
studies: $(STAMP)
	for study in $(STUDIES); do \
	  $(BIN)/python -m seix sweep scenarios/paper/studies/$$study.yaml -o results/studies/$$study -j $(NP) || [ $$? -eq 5 ] || exit 1; \
	  $(BIN)/python -m seix report results/studies/$$study || exit 1; done
	$(BIN)/python tools/paper_studies.py results/studies

# the claims of the paper against the model, in under an hour on two cores; goes on where it was stopped. docs/audit.md, its figure and the
# table of README.md are made anew, and what has left the interval of the earlier audit is named
audit: $(STAMP)
	$(BIN)/python -m seix audit scenarios/paper/audit.yaml -o results/audit -j $(NP)
	$(BIN)/python tools/audit_page.py results/audit
