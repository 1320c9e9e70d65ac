"""Rules of the project that no other test sees."""

import ast
import importlib.util
import json
from pathlib import Path

import pytest
import shipped
from ruamel.yaml import YAML

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


def tool_of(name):
    """A script of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"tools/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_readme_has_the_verification_that_was_run():
    """Its table comes from docs/verification/results.json, in which every case passed."""
    tool = tool_of("verification_table")
    results = json.loads((ROOT / "docs/verification/results.json").read_text("utf-8"))
    readme = (ROOT / "README.md").read_text("utf-8")
    assert tool.page(readme, results) == readme
    assert all(case["passed"] for case in results)


def test_readme_and_docs_have_the_audit_that_was_computed():
    """Their tables come from docs/audit.json, which answers every claim of the shipped file as it stands there."""
    tool = tool_of("audit_page")
    document = json.loads((ROOT / "docs/audit.json").read_text("utf-8"))
    for path, made in ((ROOT / "README.md", tool.readme), (ROOT / "docs/audit.md", tool.page)):
        text = path.read_text("utf-8")
        assert made(text, document) == text, path
    [path] = shipped.audits()
    claims = YAML(typ="safe").load(path)["claims"]
    asked = {(name, model) for name, claim in claims.items() for model in claim.get("models") or [None]}
    assert {(row["claim"], row["model"]) for row in document["rows"]} == asked
    assert all(row["statement"] == claims[row["claim"]]["statement"] for row in document["rows"])
