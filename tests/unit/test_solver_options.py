"""Options of PETSc are judged before there is a mesh, and no otherwise than the run would judge them."""

import subprocess
import sys

import pytest

from seix.cli import main
from seix.errors import InputError
from seix.fem import MPI
from seix.model import Model
from seix.numerics.domains import Domains
from seix.numerics.solver import NewtonSolver
from seix.numerics.trial import refused_options
from support import parameters, strip

GOOD = [
    ("direct", {"ksp_rtol": 1e-8, "mat_mumps_icntl_14": 80, "snes_linesearch_type": "basic"}),
    ("direct", {"pc_factor_mat_solver_type": "superlu_dist", "mat_superlu_dist_colperm": "NATURAL", "pc_factor_fill": 5}),
    ("direct", {"pc_type": "asm", "sub_pc_type": "lu", "sub_pc_factor_mat_solver_type": "mumps", "ksp_type": "fgmres"}),
    ("multigrid", {"ksp_type": "fgmres", "potential_mg_levels_ksp_max_it": 4, "displacement_mg_coarse_mat_mumps_icntl_14": 50}),
    ("multigrid", {"electron_potential_mg_levels_pc_type": "sor", "lithium_mg_coarse_ksp_type": "preonly"}),
    ("auto", {"ksp_gmres_restart": 30, "snes_atol": 1e-30}),
]
"""Options that have an effect."""
BAD = [
    ("direct", "ksp_typo", 1, "no use for"),
    ("direct", "mat_mumps_icntl14", 80, "no use for"),
    ("direct", "potential_mg_levels_ksp_max_it", 3, "no use for"),
    ("direct", "ksp_type", "nonsense", "Unable to find requested KSP type nonsense"),
    ("direct", "mat_mumps_icntl_14", "bogus", "Input string bogus has no integer value"),
    ("direct", "pc_factor_shift_type", "bogus", 'Unknown option "bogus" for -pc_factor_shift_type'),
    ("direct", "pc_type", "nosuch", "Unable to find requested PC type nosuch"),
    ("multigrid", "pc_type", "lu", "the multigrid preset has its own"),
    ("multigrid", "potential_mg_levels_ksp_tpye", "cg", "no use for"),
    ("multigrid", "displacement_mg_coarse_pc_type", "nosuch", "Unable to find requested PC type nosuch"),
    ("auto", "ksp_rtol", "abc", "Input string abc has no numeric value"),
    ("auto", "mat_mumps_icntl_14", "bogus", "Input string bogus has no integer value"),
]
"""Options that have none, or a wrong value, with what is said of them."""


def run_with(preset, options):
    """Newton's method of the whole model with these options."""
    model = Model(Domains(MPI.COMM_SELF, strip([("a", 6.0, 2)])), parameters({"a": 1e-7}, "a"))
    model.set_current(1.0)
    solver = None
    try:
        solver = NewtonSolver(model.system, options=options, preset=preset)
        return solver.solve()
    finally:
        if solver is not None:
            solver.destroy()
        model.system.destroy()


def test_a_refused_solution_leaves_the_state_as_it_was():
    """An option that only the end of Newton's method could have read: by then the unknowns have changed."""
    model = Model(Domains(MPI.COMM_SELF, strip([("a", 6.0, 2)])), parameters({"a": 1e-7}, "a"))
    model.set_current(1.0)
    solver = NewtonSolver(model.system, options={"snes_typo": 1})
    for _ in range(2):  # and it stays refused
        with pytest.raises(InputError, match="no use for snes_typo"):
            solver.solve()
        assert solver.record.newton > 0 and solver.y.norm() == 0.0
        assert not any(function.x.array.any() for function in model.fields)
    solver.destroy()
    model.system.destroy()


def refused(options, preset, dim=2):
    return refused_options(tuple(options.items()), preset, dim)


@pytest.mark.parametrize(("preset", "options"), GOOD)
def test_what_has_an_effect_is_accepted_as_by_the_run(preset, options):
    assert run_with(preset, options).newton > 0
    assert refused(options, preset) == refused(options, preset, 3) == {}


@pytest.mark.parametrize(("preset", "key", "value", "said"), BAD)
def test_what_the_run_would_refuse_is_known_before(preset, key, value, said):
    """With the same words, in the plane and in space; beside an option that is right."""
    options = {"ksp_max_it": 90, key: value}
    with pytest.raises(InputError) as met:
        run_with(preset, options)
    assert said in str(met.value) and key in str(met.value)
    for dim in (2, 3):
        found = refused(options, preset, dim)
        assert list(found) == [key] and said in found[key]


@pytest.mark.parametrize("preset", ["auto", "direct", "multigrid"])
def test_what_a_small_system_cannot_tell_is_left_to_the_run(preset):
    """Levels of larger systems, solvers inside of which nothing is known here, splits by fields, and all that writes."""
    doubtful = [
        {"ksp_view": "", "ksp_monitor": "", "snes_converged_reason": ""},
        {"pc_type": "fieldsplit", "fieldsplit_0_pc_type": "jacobi"},
        {"pc_type": "gamg", "mg_levels_7_ksp_max_it": 3},
        {"pc_type": "redundant", "redundant_pc_type": "lu"},
        {"displacement_mg_coarse_mg_levels_5_ksp_max_it": 3},
        {"ksp_max_it": 1, "ksp_rtol": 1e-30, "ksp_typo": 3},  # nothing was solved, so nothing was read that is read then
    ]
    for options in doubtful:
        for dim in (2, 3):
            found = refused(options, preset, dim)
            expected = {"pc_type": "multigrid", "displacement_mg_coarse_mg_levels_5_ksp_max_it": "direct"}
            assert set(found) <= {key for key, only in expected.items() if only == preset}, options


def test_an_option_that_one_of_the_solvers_reads_is_accepted():
    """`auto` may choose either; the multigrid preset may end with a factorisation."""
    assert refused({"mat_mumps_icntl_14": 80}, "auto") == refused({"mat_mumps_icntl_14": 80}, "multigrid") == {}
    assert refused({"lithium_mg_levels_ksp_max_it": 3}, "auto") == {}


def test_what_only_the_run_can_tell_ends_it_still():
    """The multigrid preset might have ended with the factorisation that reads this; here it need not."""
    with pytest.raises(InputError, match="no use for mat_mumps_icntl_14 here"):
        run_with("multigrid", {"mat_mumps_icntl_14": 80})


def test_all_mistakes_at_once_but_none_that_follows_from_another():
    """Options of a type that PETSc does not know are not judged; a number that is none hides nothing."""
    found = refused({"ksp_rtol": "abc", "ksp_typo": 1, "mat_mumps_icntl_14": "bogus"}, "direct")
    assert set(found) == {"ksp_rtol", "ksp_typo", "mat_mumps_icntl_14"}
    assert set(refused({"pc_type": "asmm", "pc_asm_overlap": 2}, "direct")) == {"pc_type"}


def test_names_that_no_option_has():
    found = refused({"-ksp_type": "cg", "ksp type": "cg", "": "1"}, "direct")
    assert set(found) == {"-ksp_type", "ksp type", ""}
    assert "did you mean 'ksp_type'?" in found["-ksp_type"]


def test_a_hint_names_an_option_of_the_same_object():
    found = refused({"mat_type": "aij", "ksp_rtl": 1e-9, "p_type": "lu"}, "direct")
    assert "did you mean" not in found["mat_type"]
    assert "'ksp_rtol'?" in found["ksp_rtl"] and "'pc_type'?" in found["p_type"]


FILE = """title: film
geometry: { kind: patch, period: 12 nm, core_depth: 5 nm, electrolyte_depth: 5 nm }
sei:
  structure: layers
  thickness: 12 nm
  layers: [{ thickness: 12 nm, matrix: organic_polymer }]
solver:
  preset: PRESET
  options:
    ksp_rtol: 1.0e-7
    mat_mumps_icntl_14: bogus
variants:
  a: {}
  b: { solver: { options: { ksp_typo: 3 } } }
"""


@pytest.mark.parametrize("command", ["check", "run"])
def test_places_and_variants(command, tmp_path, monkeypatch, capsys):
    """The key in the file, for the variants it concerns, before anything is meshed."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(FILE.replace("PRESET", "direct"))
    assert main([command, "s.yaml"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and [line.split(": PETSc")[0] for line in err.splitlines()] == [
        "s.yaml:11:5: solver.options.mat_mumps_icntl_14",
        "s.yaml:14:29: solver.options.ksp_typo",
    ]
    assert err.splitlines()[1].endswith("(variant b)")
    assert [path.name for path in tmp_path.iterdir()] == ["s.yaml"]


def test_on_the_command_line(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(FILE.replace("PRESET", "auto").partition("variants")[0].replace("bogus", "80"))
    assert main(["check", "s.yaml"]) == 0
    assert main(["check", "s.yaml", "--set", "solver.options.ksp_typo=1"]) == 2
    assert capsys.readouterr().err.startswith("--set solver.options.ksp_typo=1: solver.options.ksp_typo: PETSc has no use for")


def test_nothing_is_written_and_petsc_is_loaded_only_for_options(tmp_path):
    """Neither what libraries write nor their start belongs to a check."""
    (tmp_path / "s.yaml").write_text(FILE.replace("PRESET", "direct").partition("variants")[0].replace("bogus", "80"))
    given = ["s.yaml", "--set", "solver.options.mat_mumps_icntl_4=4", "--set", "solver.options.ksp_view=ascii:seen.txt"]
    code = "import sys; from seix.cli import main; code = main(['check', *sys.argv[1:]]); print(code, 'petsc4py' in sys.modules)"
    for arguments, petsc in ((given, True), (["s.yaml", "--set", "solver.options="], False)):
        done = subprocess.run([sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True)
        lines = done.stdout.splitlines()
        assert done.stderr == "" and len(lines) == 2 and ": OK: " in lines[0] and lines[1] == f"0 {petsc}"
    assert [path.name for path in tmp_path.iterdir()] == ["s.yaml"]
