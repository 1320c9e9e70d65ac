"""The record says how a result came about."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

import seix
from seix.analysis.folder import completed
from seix.analysis.output import write_json
from seix.analysis.progress import Progress
from seix.analysis.record import RunInfo, build_record, file_hash, git_state, package_versions, plain
from seix.analysis.writer import write_results
from seix.geometry.msh_file import write_msh
from synthetic import result, study


def test_everything_is_there_and_plain(tmp_path):
    mesh = tmp_path / "made.msh"
    mesh.write_bytes(b"mesh")
    started = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    run = RunInfo(2, "3.25.5", [{"key": "k", "text": "t"}], ["seix", "run"], started, {"bilayer": mesh})
    record = build_record(study(), [result()], run, {"mesh": 1.5, "total": 2.0}, ["b", "a"])
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["hashes"]["scenario"] == "f" * 64
    assert record["hashes"]["geometry"] == {"bilayer": "0123"}
    assert record["hashes"]["mesh_files"] == {"bilayer": file_hash(mesh)}
    assert record["scenario"]["documents"]["example.yaml"].startswith("title")
    assert record["code"]["version"] == seix.__version__
    assert record["packages"]["PETSc"] == "3.25.5" and "numpy" in record["packages"]
    assert record["started"] == "2026-01-02T01:04:05Z"
    assert datetime.fromisoformat(record["finished"]) <= datetime.now(UTC)
    assert record["ranks"] == 2 and record["files"] == ["a", "b"] and record["timings"]["mesh"] == 1.5
    structure = record["structures"][0]
    assert structure["seed"] == 1 and structure["warnings"] == ["the strain is large"]
    assert structure["cases"][1]["residuals"] == [1.0, 1e-4, 1e-12]


def test_hash_of_a_mesh_file_that_is_gone(tmp_path):
    one, made = result(), tmp_path / "made.msh"
    write_msh(one.mesh, made, 1e-9)
    hashes = []
    for _ in range(2):
        record = build_record(study(), [one], RunInfo(mesh_files={"bilayer": made}), {})
        hashes.append(record["hashes"]["mesh_files"]["bilayer"])
        made.unlink(missing_ok=True)
    assert hashes[0] == hashes[1]


def test_nan_is_refused():
    broken = result()
    broken.numerics["peak"] = np.array([1.0, np.nan])
    with pytest.raises(ValueError, match="nan"):
        build_record(study(), [broken], RunInfo(), {})


def test_plain_data():
    assert plain({1: (np.float64(2.0), np.int32(3), np.bool_(True), Path("a")), "b": np.arange(2)}) == {
        "1": [2.0, 3, True, "a"],
        "b": [0, 1],
    }
    with pytest.raises(ValueError, match="object"):
        plain({"x": object()})


def test_state_of_the_source():
    state = git_state()
    assert state is None or (len(state["commit"]) == 40 and isinstance(state["modified"], bool))


def test_versions_without_petsc():
    assert "PETSc" not in package_versions()


def test_results_are_completed(tmp_path):
    names = ("bilayer", "fine")
    write_results(tmp_path, study(names), [result(name) for name in names], RunInfo(), Progress(), dpi=40)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {
        "quantities.json",
        "quantities.csv",
        "fields.vtu",
        "mesh.msh",
        "report.html",
        "record.json",
        "maps/panel.png",
    } <= files
    record = json.loads((tmp_path / "record.json").read_text())
    assert set(record["files"]) == files
    assert completed(tmp_path, "f" * 64, seix.__version__)
    (tmp_path / "fields.vtu").unlink()
    assert not completed(tmp_path, "f" * 64)


def test_record_is_written_as_standard_json(tmp_path):
    write_json(tmp_path / "record.json", build_record(study(), [result()], RunInfo(), {}))
    assert json.loads((tmp_path / "record.json").read_text())["schema"].startswith("seix record")
