"""Start-up: what is imported, the two ways to start, and the guard before MPI."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAIR = str(ROOT / "scenarios" / "paper" / "field_and_stress.yaml")
HEAVY = {
    "numpy", "scipy", "gmsh", "dolfinx", "dolfinx_solver", "petsc4py", "mpi4py", "matplotlib", "meshio",
    "pyvista", "pint",
}  # fmt: skip
LAUNCHER = ("PMI_", "PMIX_", "OMPI_", "MPI_LOCAL", "HYDRA", "SLURM_")


def environment(**extra):
    """Ours without what an mpirun around the tests may have set."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(LAUNCHER)}
    return {**kept, **extra}


def python(code, *arguments, **extra):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment(**extra), timeout=60)


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["--version"], ["check", PAIR], ["check", "no.yaml"], ["schema"],
     ["materials"], ["materials", "LiF"]],
    ids=" ".join,
)  # fmt: skip
def test_nothing_heavy_is_imported(arguments):
    code = (
        "import json, sys; from seix.cli import main; main(sys.argv[1:]);"
        "print('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    result = python(code, *arguments)
    assert result.returncode == 0, result.stderr
    assert not HEAVY & set(json.loads(result.stdout.splitlines()[-1]))


def test_the_package_itself_is_light_and_gives_its_names_when_asked():
    code = (
        "import sys, seix; assert 'pydantic' not in sys.modules; seix.load_study; seix.Scenario;"
        "assert 'dolfinx' not in sys.modules; assert 'run' in dir(seix); print(seix.__version__)"
    )
    result = python(code)
    assert result.returncode == 0, result.stderr
    import seix

    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        _ = seix.walk


def test_python_m_seix_is_seix():
    command = [sys.executable, "-m", "seix", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert result.returncode == 0
    for name in ("check", "mesh", "run", "schema", "materials"):
        assert name in result.stdout


def test_exit_code_reaches_the_shell_without_a_traceback():
    command = [sys.executable, "-m", "seix", "check", "no.yaml"]
    result = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "no.yaml: no such file\n")


def test_a_reader_that_has_enough_is_no_failure():
    command = f"{sys.executable} -m seix schema | head -n 1"
    result = subprocess.run(
        command, shell=True, capture_output=True, text=True, env=environment(), timeout=60
    )
    assert (result.stdout, result.stderr) == ("{\n", "")


# --- guard --------------------------------------------------------------------------------------------------

GUARD = "import seix.errors\ntry:\n    import seix.fem\nexcept seix.errors.InputError as e:\n    print(e)\n"


def test_a_foreign_launcher_is_refused_in_a_sentence():
    own = python(
        "from mpi4py import rc; rc.initialize = False; from mpi4py import MPI; print(MPI.get_vendor()[0])"
    )
    foreign = {"MPICH": {"OMPI_COMM_WORLD_SIZE": "2"}, "Open MPI": {"PMI_SIZE": "2"}}[own.stdout.strip()]
    said = python(GUARD, **foreign).stdout
    assert (
        said.startswith("started by the mpirun of")
        and f"this environment runs on {own.stdout.strip()}" in said
    )
    assert "mpirun -n 2 seix ..." in said


def test_single_runs_in_place_of_one_are_refused():
    from seix.errors import InputError
    from seix.fem import check_size

    check_size(1, 1)
    check_size(4, 4)
    with pytest.raises(
        InputError, match=r"mpirun started 4 processes, but each of them sees itself alone.* -n 4 seix"
    ):
        check_size(4, 1)


def test_a_complex_petsc_is_refused():
    import numpy as np

    from seix.errors import InputError
    from seix.fem import check_scalar

    check_scalar(np.float64)
    with pytest.raises(InputError, match="seix needs the real build"):
        check_scalar(np.complex128)


def test_a_missing_dolfinx_is_a_sentence():
    code = (
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'dolfinx' else real(name, *a)\n" + GUARD
    )
    said = python(code).stdout
    assert said.startswith("DOLFINx is not installed in ") and "pip install 'seix[fenicsx]'" in said


def test_threads_are_one_unless_asked_otherwise():
    code = "import os, seix.fem; print(os.environ['OMP_NUM_THREADS'], os.environ['OPENBLAS_NUM_THREADS'])"
    unset = {k: v for k, v in environment().items() if k not in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, env=unset, timeout=60)
    assert result.stdout.split() == ["1", "1"]
    result = subprocess.run(
        command, capture_output=True, text=True, env={**unset, "OMP_NUM_THREADS": "2"}, timeout=60
    )
    assert result.stdout.split() == ["2", "1"]


PART = """
import sys
from seix import cli
from seix.errors import GeometryError
from seix.fem import MPI
import seix.fem
seix.fem.AGREEMENT_TIMEOUT = 0.5
rank = MPI.COMM_WORLD.rank
def fail(*arguments):
    if rank in {failing}:
        raise {error}("no room")
    MPI.COMM_WORLD.Barrier()
sys.modules["seix.app"] = type(sys)("seix.app")
sys.modules["seix.app"].run_command = fail
sys.exit(cli.main(["run", "x.yaml"]))
"""


@pytest.mark.parametrize(
    ("failing", "error", "code", "said"),
    [
        ((0, 1), "GeometryError", 4, "no room\n"),
        ((0,), "GeometryError", 4, "no room"),
        ((1,), "GeometryError", 4, "rank 1: no room"),
        ((1,), "RuntimeError", 1, "RuntimeError: no room"),
    ],
)
def test_a_failure_on_any_rank_ends_all(failing, error, code, said):
    script = PART.replace("{failing}", str(failing)).replace("{error}", error)
    mpirun = Path(sys.executable).parent / "mpirun"
    command = [str(mpirun) if mpirun.exists() else "mpirun", "-n", "2", sys.executable, "-c", script]
    result = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=60)
    assert result.returncode == code
    assert said in result.stderr
    if failing == (0, 1):
        assert result.stderr == said  # once, and nothing from the launcher
