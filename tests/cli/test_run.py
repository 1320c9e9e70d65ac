"""`seix run` as a user meets it: the result folder, and one sentence with an exit code for everything that goes wrong."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
TINY = ["--set", "mesh.cells_per_layer=2", "--set", "output.dpi=60"]
FILM = ROOT / "scenarios/examples/homogeneous_film.yaml"
GRAINS = ROOT / "scenarios/paper/bilayer.yaml"
SMALL = [
    "--set",
    "geometry.period=40 nm",
    "--set",
    "mesh.cells_per_diameter=3",
    "--set",
    "mesh.growth=1.6",
    "--set",
    "output.dpi=60",
]


def seix(*arguments, cwd, ranks=1, **options):
    """Run the command line; standard output and error as text."""
    launcher = [] if ranks == 1 else [str(BIN / "mpirun"), "-n", str(ranks)]
    command = [*launcher, sys.executable, "-m", "seix", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, **options)


def refused(done, code, *words):
    """The exit code, no traceback, one message that contains the words."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small run on two ranks."""
    folder = tmp_path_factory.mktemp("run")
    done = seix("run", GRAINS, "-o", "out", *SMALL, "--set", "load.current_multiples=[1, 3]", cwd=folder, ranks=2)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_folder_has_what_the_contract_says(finished):
    """All files, and numbers that agree between them."""
    folder = finished[0] / "out"
    names = {path.name for path in folder.iterdir()}
    assert names == {"quantities.json", "quantities.csv", "fields.vtu", "mesh.msh", "maps", "report.html", "record.json"}
    assert any(path.suffix == ".png" for path in (folder / "maps").iterdir())
    document = json.loads((folder / "quantities.json").read_text())
    assert set(document["quantities"]["field_enhancement.p999"]) == {"value", "unit", "error", "error_kind"}
    assert [case["current_multiple"] for case in document["cases"]] == [1.0, 3.0]
    assert document["cases"][0]["quantities"] == document["quantities"]
    with (folder / "quantities.csv").open() as stream:
        rows = {(row["current_multiple"], row["quantity"]): row for row in csv.DictReader(stream)}
    p999 = document["cases"][1]["quantities"]["field_enhancement.p999"]
    assert float(rows["3.0", "field_enhancement.p999"]["value"]) == p999["value"]
    assert p999["error"] > 0 and p999["error_kind"] == "two_mesh"


def test_record_holds_input_and_sources(finished):
    """Everything needed to repeat the run."""
    record = json.loads((finished[0] / "out" / "record.json").read_text())
    assert record["ranks"] == 2
    assert "inner_thickness" in "".join(record["scenario"]["documents"].values())
    assert record["bibliography"]
    structure = record["structures"][0]
    assert structure["numerics"]["unknowns"] > 1000
    assert structure["numerics"]["solver_options"]["pc_factor_mat_solver_type"] == "mumps"
    assert structure["cases"][0]["iterations"] > 0
    assert {m["name"] for m in structure["materials"]} >= {"LiF", "Li3N", "organic_polymer", "si_c_composite", "electrolyte"}


def test_fields_can_be_read(finished):
    """PyVista reads the file: curved quadratic cells, fields in SI."""
    pyvista = pytest.importorskip("pyvista")
    grid = pyvista.read(finished[0] / "out" / "fields.vtu")
    assert set(grid.celltypes) == {22}  # quadratic triangle
    assert grid.bounds[1] == pytest.approx(40e-9, rel=1e-6)
    enhancement = grid["field_enhancement"]
    quantities = json.loads((finished[0] / "out" / "quantities.json").read_text())["cases"][1]["quantities"]
    largest = enhancement[enhancement == enhancement].max()
    assert largest == pytest.approx(quantities["field_enhancement.max"]["value"], rel=0.25)  # nodes against quadrature points
    assert {"phase", "grain"} <= set(grid.cell_data)


def test_table_goes_to_stdout_and_progress_to_stderr(finished):
    """Plain lines under mpirun, printed once."""
    done = finished[1]
    assert done.stdout.count("E/E0 P99.9") == 1
    assert "report.html" in done.stdout
    assert "iteration" in done.stderr and "\r" not in done.stderr


def test_existing_folder_is_not_touched(finished):
    """Exit 2; --reuse shows what is there; --overwrite belongs to the user."""
    folder = finished[0]
    before = (folder / "out" / "record.json").read_bytes()
    arguments = ("run", GRAINS, "-o", "out", *SMALL, "--set", "load.current_multiples=[1, 3]")
    refused(seix(*arguments, cwd=folder), 2, "exists")
    again = seix(*arguments, "--reuse", cwd=folder)
    assert again.returncode == 0 and "E/E0 P99.9" in again.stdout
    assert (folder / "out" / "record.json").read_bytes() == before


def test_reuse_and_overwrite_together(finished):
    """What is there of the same input is kept; a result of another input, or one that is not complete, is replaced."""
    folder = finished[0]
    shutil.copytree(folder / "out", folder / "both")
    record = folder / "both" / "record.json"
    before = record.read_bytes()
    given = ("run", GRAINS, "-o", "both", *SMALL, "--set", "error.method=none", "--overwrite", "--reuse", "--set")
    same = ("run", GRAINS, "-o", "both", *SMALL, "--set", "load.current_multiples=[1, 3]", "--overwrite", "--reuse")
    kept = seix(*same, cwd=folder)
    assert kept.returncode == 0 and record.read_bytes() == before and "iteration" not in kept.stderr
    other = seix(*given, "load.current_multiples=[2]", cwd=folder)
    assert other.returncode == 0 and "iteration" in other.stderr
    found = json.loads((folder / "both" / "quantities.json").read_text("utf-8"))
    assert {case["current_multiple"] for case in found["cases"]} == {2}
    refused(seix(*given[:-3], "--reuse", "--set", "load.current_multiples=[1]", cwd=folder), 2, "exists")
    (folder / "both" / "quantities.json").unlink()
    mended = seix(*given, "load.current_multiples=[2]", cwd=folder)
    assert mended.returncode == 0 and (folder / "both" / "quantities.json").exists()


@pytest.mark.parametrize("ranks", [1, 3])
def test_what_cannot_be_packed(tmp_path, ranks):
    """Exit 4 with the highest fraction, on any number of ranks; nothing is left behind."""
    done = seix("run", GRAINS, *SMALL, "--set", "sei.inorganic.LiF=0.36", cwd=tmp_path, ranks=ranks)
    refused(done, 4, "highest fraction reachable")
    assert done.stderr.count("highest fraction reachable") == 1
    assert not list(tmp_path.glob("results/**/*.json"))


def test_solver_that_does_not_converge(tmp_path):
    """Exit 3 with field, norms and advice."""
    done = seix("run", FILM, *TINY, "--set", "solver.max_iterations=1", cwd=tmp_path)
    refused(done, 3, "did not converge", "residual norms", "Try")
    assert not (tmp_path / "results").exists()


def test_options_without_effect_are_refused(tmp_path):
    """A PETSc option that nothing reads is wrong input, not silence; it is known before anything is meshed."""
    done = seix("run", FILM, *TINY, "--set", "solver.options={ksp_typo: gmres}", cwd=tmp_path)
    refused(done, 2, "ksp_typo")
    assert not list(tmp_path.iterdir())


def test_no_folder_can_be_made(tmp_path):
    """A file where the folder should go, and a place that nobody can write to."""
    (tmp_path / "file").write_text("")
    refused(seix("run", FILM, *TINY, "-o", "file/out", cwd=tmp_path), 2, "file/out")
    refused(seix("run", FILM, *TINY, "-o", "file", cwd=tmp_path), 2, "is a file")
    refused(seix("run", FILM, *TINY, "-o", "/proc/seix", cwd=tmp_path), 2, "/proc/seix")
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_killed_run_leaves_nothing(tmp_path, number):
    """A result folder is complete or absent. What cannot be removed on SIGKILL is, a moment later, by another process."""
    command = [sys.executable, "-m", "seix", "run", str(GRAINS), *SMALL, "-o", "out"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    for line in process.stderr:
        if "iteration" in line:
            break
    os.killpg(process.pid, number)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == -number
    if number == signal.SIGTERM:  # nobody can say anything on the other
        assert rest.count("ended by SIGTERM; what was not finished is not kept\n") == 1
        assert "PETSC" not in rest and "Traceback" not in rest
    until = time.monotonic() + (10 if number == signal.SIGKILL else 0)
    while (left := [path.name for path in tmp_path.iterdir() if "out" in path.name]) and time.monotonic() < until:
        time.sleep(0.02)
    assert left == []


def test_mesh_command(tmp_path):
    """`seix mesh` writes mesh, picture and statistics."""
    done = seix("mesh", GRAINS, *SMALL, "-o", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"mesh.msh", "mesh.png", "phases.png", "record.json"}
    assert "cells" in done.stdout


def test_mesh_that_is_cleared_meanwhile(tmp_path, monkeypatch):
    """Another `seix mesh --clear-cache` does not cost the result."""
    import seix.app as app

    def cleared(*arguments):
        mesh, path = cached(*arguments)
        path.unlink()
        return mesh, path

    cached = app.cached
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(app, "cached", cleared)
    app.mesh_command(FILM, Path("out"), [], False)
    assert (tmp_path / "out/mesh.msh").stat().st_size > 1000


@pytest.mark.parametrize("ranks", [1, 2])
def test_interrupt_during_newtons_method_ends_the_run(tmp_path, ranks):
    """Inside PETSc an exception would pass for a solver that failed, on one rank only: exit code 130, no wait, nothing left."""
    launcher = [] if ranks == 1 else [str(BIN / "mpirun"), "-n", str(ranks)]
    arguments = ["run", str(GRAINS), *SMALL, "--set", "error.method=none", "-o", str(tmp_path / "out")]
    process = subprocess.Popen(
        [*launcher, sys.executable, "-c", HEEDS_INTERRUPTS, *arguments], cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "iteration 1" in line:
            os.killpg(process.pid, signal.SIGINT)
            break
    rest = process.communicate(timeout=60)[0]
    assert process.returncode == 130, "".join(lines) + rest
    assert "Traceback" not in rest and "interrupted" in rest
    assert not [entry for entry in tmp_path.iterdir() if "out" in entry.name]


HEEDS_INTERRUPTS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background lets its children ignore it
from seix.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("arguments", [["materials"], ["run", str(FILM), *TINY, "-o", "out"]], ids=["materials", "run"])
def test_a_reader_that_has_gone_is_no_failure(tmp_path, arguments):
    """As with `| head -1`."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "seix", *arguments]
    done = subprocess.run(command, cwd=tmp_path, stdout=write, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    os.close(write)
    assert done.returncode == 0, done.stderr
    assert "PETSC ERROR" not in done.stderr and "Traceback" not in done.stderr


def test_report_of_verification_needs_a_folder(tmp_path):
    """Said before the cases run; a name of nothing is no case."""
    (tmp_path / "file").write_text("x")
    refused(seix("verify", "--only", "B13", "-o", "file", cwd=tmp_path), 2, "file: is a file, the report needs a folder")
    refused(seix("verify", "--only", "", cwd=tmp_path), 2, "--only '': no such case")
    refused(seix("schema", "-o", tmp_path, cwd=tmp_path), 2, "is a folder; give the name of a file")
