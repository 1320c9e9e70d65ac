"""Rules of the project that no other test sees."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def imported(path):
    """Top-level names of everything a module imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").split(".")[0] if node.level == 0 else f"..{node.module or ''}"


@pytest.mark.parametrize("path", sorted((ROOT / "src/seix/physics").glob("*.py")), ids=lambda p: p.name)
def test_physics_is_pure_ufl(path):
    """No MPI, PETSc, DOLFINx, Gmsh, files or other parts of seix in the equations."""
    assert set(imported(path)) <= {"ufl", "__future__"}


def test_petsc_only_where_it_belongs():
    """Communicators and solvers stay in numerics, the model and what evaluates it."""
    allowed = {"fem.py", "model.py", "app.py"}
    for path in (ROOT / "src/seix").rglob("*.py"):
        if path.parent.name != "numerics" and path.name not in allowed:
            assert "petsc4py" not in set(imported(path)), path


def test_lock_names_no_address():
    """Versions are locked by hash; where they come from is the user's business."""
    for path in (ROOT / "requirements").iterdir():
        assert "://" not in path.read_text("utf-8")


def test_no_module_is_too_long():
    """A module that no longer fits in the head is split."""
    for path in (ROOT / "src/seix").rglob("*.py"):
        assert len(path.read_text("utf-8").splitlines()) <= 330, path


def test_readme_has_the_verification_that_was_run():
    """Its table comes from docs/verification/results.json, in which every case passed."""
    import importlib.util
    import json

    spec = importlib.util.spec_from_file_location("verification_table", ROOT / "tools/verification_table.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    results = json.loads((ROOT / "docs/verification/results.json").read_text("utf-8"))
    readme = (ROOT / "README.md").read_text("utf-8")
    assert tool.page(readme, results) == readme
    assert all(case["passed"] for case in results)
