"""`seix sweep` survives anything: kills, failing cases, full disks, other sweeps on the same folder."""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from studies import FILMS, command, environment, seix, write_study

BIN = Path(sys.executable).parent
TABLES = [f"{stem}.{kind}" for stem in ("table", "table_wide", "cases") for kind in ("csv", "parquet")]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Folder with a study that ran on one process without anything happening."""
    folder = tmp_path_factory.mktemp("study")
    write_study(folder)
    done = seix(folder, "sweep", "films.yaml", "-j", 1)
    assert done.returncode == 0, done.stderr
    return folder / "results" / "films"


def same_tables(one: Path, other: Path) -> bool:
    """Whether all tables are the same bytes."""
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in TABLES)


def complete(folder: Path) -> list[str]:
    """Case folders, each of which must be complete."""
    names = []
    for case in (folder / "cases").iterdir():
        if case.name.startswith("."):
            continue  # what a killed process was writing
        record = json.loads((case / "record.json").read_text("utf-8"))
        assert all((case / name).is_file() for name in record["files"]), case
        names.append(case.name)
    return names


def test_table_is_that_of_single_runs(undisturbed, tmp_path):
    """Bit for bit: a model that was used before gives the numbers of a new one."""
    folder = undisturbed
    table = pd.read_csv(folder / "table.csv")
    assert len(set(table["case"])) == 6
    plan = json.loads((folder / "study.json").read_text("utf-8"))
    for case in (plan["cases"][1], plan["cases"][5]):  # neither is the first on its mesh
        given = [part for text in case["overrides"] for part in ("--set", text)]
        scenario = folder.parents[1] / plan["scenario"]
        done = seix(tmp_path, "run", scenario, "-o", f"run{case['number']}", *given)
        assert done.returncode == 0, done.stderr
        single = json.loads((tmp_path / f"run{case['number']}" / "quantities.json").read_text("utf-8"))
        swept = json.loads((folder / "cases" / case["name"] / "quantities.json").read_text("utf-8"))
        assert swept == single


def test_tables_tell_the_closed_form(undisturbed):
    """Area resistance of a film is its thickness over the conductivity, read with one line of pandas."""
    folder = undisturbed
    wide = pd.read_parquet(folder / "table_wide.parquet")
    assert list(wide.columns[:6]) == ["case", "folder", "thickness", "modulus", "seed", "structure"]
    assert wide["sei.area_resistance"].to_numpy() == pytest.approx(wide["thickness"] / 1e-7, rel=1e-9)
    tidy = pd.read_parquet(folder / "table.parquet")
    drop = tidy[tidy["quantity"] == "potential.drop"]
    assert set(drop["unit"]) == {"V"}
    # core and electrolyte add less than a millionth, as the scenario says
    assert drop["value"].to_numpy() == pytest.approx(0.2 * drop["thickness"] / 1e-7, rel=1e-6)


def test_query_of_the_docs(undisturbed):
    """DuckDB reads the table in place."""
    duckdb = pytest.importorskip("duckdb")
    path = undisturbed / "table.parquet"
    rows = duckdb.sql(
        f"SELECT thickness, avg(value) FROM '{path}' WHERE quantity = 'sei.area_resistance' GROUP BY thickness ORDER BY thickness"
    ).fetchall()
    assert [row[0] for row in rows] == pytest.approx([30e-9, 40e-9])
    assert [row[1] for row in rows] == pytest.approx([0.3, 0.4])


def test_finished_cases_are_not_run_again(undisturbed):
    """The second sweep finds all there, and starts no solver; a new value is one new case."""
    folder = undisturbed
    before = {path: path.stat().st_mtime_ns for path in folder.glob("cases/*/record.json")}
    done = seix(folder.parents[1], "sweep", "films.yaml")
    assert done.returncode == 0
    assert "6 of 6 cases done" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in folder.glob("cases/*/record.json")} == before


def test_dry_run_and_status(undisturbed, tmp_path):
    """What would be done, and what is done, without doing it."""
    folder = undisturbed
    write_study(tmp_path)
    done = seix(tmp_path, "sweep", "films.yaml", "--dry-run")
    assert done.returncode == 0
    assert "6 to compute here on 2 structures, 6 left" in done.stdout
    assert "time " in done.stdout and "memory " in done.stdout
    assert not (tmp_path / "results").exists()
    assert "6 of 6 cases done" in seix(tmp_path, "status", folder).stdout
    refused = seix(tmp_path, "status", tmp_path)
    assert refused.returncode == 2
    assert "is not the folder of a study" in refused.stderr


def test_another_study_of_the_same_name_is_told_apart(undisturbed):
    """Neither swept into the folder of the first one nor shown as its report."""
    root = undisturbed.parents[1]
    elsewhere = root / "elsewhere"
    elsewhere.mkdir()
    write_study(elsewhere)
    for verb in ("sweep", "report"):
        refused = seix(root, verb, "elsewhere/films.yaml")
        assert refused.returncode == 2, refused.stdout
        assert "of a study of" in refused.stderr


KILLS = ("all", "parent", "worker", "terminate")


@pytest.mark.timeout(600)
def test_killed_at_random_moments_twenty_times(undisturbed, tmp_path):
    """Whoever is killed and when: finished cases stay, none is half there, and the tables become the same bytes."""
    folder = undisturbed
    chance, kinds, rounds, hit = random.Random(1), itertools.cycle(KILLS), 0, 0
    write_study(tmp_path)
    took = warm_time(tmp_path / "warm")
    results = tmp_path / "results" / "films"
    for _ in range(20):
        if results.exists() and len(complete(results)) == 6:
            seix(tmp_path, "sweep", "films.yaml")
            assert same_tables(folder, results)
            results.rename(tmp_path / f"done{rounds}")
            rounds += 1
        process = subprocess.Popen(
            command("sweep", "films.yaml", "-j", 2), cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(chance.uniform(0.3, 1.0) * took)
        before = complete(results) if (results / "cases").is_dir() else []
        hit += process.poll() is None
        kill(process, next(kinds))
        if results.exists():
            assert set(before) <= set(complete(results))
    done = seix(tmp_path, "sweep", "films.yaml", "-j", 2)
    assert done.returncode == 0, done.stderr
    assert same_tables(folder, results)
    assert hit >= 10  # the others came too late


def warm_time(folder: Path) -> float:
    """Seconds that the sweep takes when everything is compiled."""
    folder.mkdir()
    write_study(folder)
    begun = time.monotonic()
    assert seix(folder, "sweep", "films.yaml", "-j", 2).returncode == 0
    return time.monotonic() - begun


def kill(process: subprocess.Popen, kind: str) -> None:
    """Kill all processes, the first, one of its workers, or ask the first to end; wait until nothing of it works any more."""
    if process.poll() is not None:
        return
    if kind == "all":
        os.killpg(process.pid, signal.SIGKILL)
    elif kind == "parent":
        process.kill()  # the workers notice and end by themselves
    elif kind == "terminate":
        process.terminate()
    else:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            os.kill(int(children[0]), signal.SIGKILL)
        process.wait(200)  # another worker takes its place
        assert process.returncode == 0
        return
    process.wait(60)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    raise AssertionError("a worker outlived the sweep")


def states(results: Path) -> list[dict]:
    """What is said of the cases."""
    return [json.loads(path.read_text("utf-8")) for path in sorted((results / ".states").glob("*.json"))]


def test_four_shards_on_one_folder(undisturbed, tmp_path):
    """Started at the same time, they share the work: no case twice, none lost."""
    folder = undisturbed
    write_study(tmp_path)
    shards = [
        subprocess.Popen(command("sweep", "films.yaml", "-j", 1, "--shard", f"{k}/4"), cwd=tmp_path, env=environment(),
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for k in (1, 2, 3, 4)
    ]  # fmt: skip
    for shard in shards:
        _, error = shard.communicate(timeout=250)
        assert shard.returncode == 0, error
    results = tmp_path / "results" / "films"
    assert len(complete(results)) == 6
    assert len({state["process"] for state in states(results)}) >= 3  # two meshes with three cases each among four shards
    assert [state["begun"] for state in states(results)] == [1] * 6
    assert same_tables(folder, results)  # whoever ended last has written all


@pytest.mark.slow
def test_jobs_of_the_slurm_script(undisturbed, tmp_path):
    """Bash runs the script once for each number of the array, all at the same time, as Slurm would: the whole table."""
    folder = undisturbed
    write_study(tmp_path)
    made = seix(tmp_path, "sweep", "films.yaml", "--slurm", 3)
    assert made.returncode == 0, made.stderr
    assert "#SBATCH --array=1-3\n" in (tmp_path / "films.slurm").read_text("utf-8")
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    jobs = [
        subprocess.Popen(["bash", "films.slurm"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                         env=environment() | {"SLURM_ARRAY_TASK_ID": str(number), "PATH": path})
        for number in (1, 2, 3)
    ]  # fmt: skip
    for job in jobs:
        _, error = job.communicate(timeout=250)
        assert job.returncode == 0, error
    assert len(complete(tmp_path / "results" / "films")) == 6
    assert [state["begun"] for state in states(tmp_path / "results" / "films")] == [1] * 6
    assert same_tables(folder, tmp_path / "results" / "films")


def test_two_sweeps_by_mistake(undisturbed, tmp_path):
    """The second one helps the first: each case is computed once, and both end well."""
    folder = undisturbed
    write_study(tmp_path)
    both = [
        subprocess.Popen(command("sweep", "films.yaml", "-j", 1), cwd=tmp_path, env=environment(), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]  # fmt: skip
    for one in both:
        out, error = one.communicate(timeout=250)
        assert one.returncode == 0, error
        assert "6 of 6 cases done" in out
    assert [state["begun"] for state in states(tmp_path / "results" / "films")] == [1] * 6
    assert same_tables(folder, tmp_path / "results" / "films")


@pytest.mark.parametrize("ranks", [1, 2])
def test_ranks_of_mpirun(undisturbed, tmp_path, ranks):
    """Two workers of one rank, or one of two; numbers agree to solver tolerance, and to the bit for one rank a case."""
    folder = undisturbed
    write_study(tmp_path)
    arguments = command("sweep", "films.yaml", "--ranks-per-case", ranks)
    launched = [BIN / "mpirun", "-n", "2", *arguments]
    done = subprocess.run(launched, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr
    results = tmp_path / "results" / "films"
    if ranks == 1:
        assert same_tables(folder, results)
        return
    one, two = (pd.read_csv(where / "table.csv") for where in (folder, results))
    where = one["quantity"].isin(["sei.area_resistance", "potential.drop", "field_enhancement.p999"])
    assert two["value"][where].to_numpy() == pytest.approx(one["value"][where].to_numpy(), rel=1e-8)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_killed_with_two_ranks_for_each_case(tmp_path):
    """The tables are those of an undisturbed sweep on as many ranks, byte for byte."""
    arguments = command("sweep", "films.yaml", "--ranks-per-case", 2, "--set", "mesh.cells_per_layer=12")
    launched = [BIN / "mpirun", "-n", "2", *arguments]
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    for folder in (whole, torn):
        folder.mkdir()
        write_study(folder)
    begun = time.monotonic()
    subprocess.run(launched, cwd=whole, env=environment(), capture_output=True, check=True, timeout=250)
    took = time.monotonic() - begun
    for share in (0.5, 0.7):
        process = subprocess.Popen(
            launched, cwd=torn, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(share * took)
        process.kill()  # the ranks are ended by what mpirun has started them with
        process.wait(60)
    subprocess.run(launched, cwd=torn, env=environment(), capture_output=True, check=True, timeout=250)
    assert same_tables(whole / "results" / "films", torn / "results" / "films")


FAILING = """
axes:
  thickness: {key: sei.thickness, values: [30 nm, 40 nm]}
  steps: {key: solver.max_iterations, values: [1, 30]}
"""


def test_failing_case_is_recorded_and_the_others_go_on(tmp_path):
    """One Newton step does not suffice; such a case is not tried again unless asked for."""
    kinetics = "  interface: {law: butler_volmer, exchange_current_density: 1e-6 A/m^2}\n"
    write_study(tmp_path, kinetics + FAILING)
    done = seix(tmp_path, "sweep", "films.yaml", "-j", 1)
    assert done.returncode == 5, done.stderr
    assert "2 cases failed:" in done.stderr and "did not converge" in done.stderr
    assert "Traceback" not in done.stderr
    results = tmp_path / "results" / "films"
    cases = pd.read_csv(results / "cases.csv")
    assert list(cases["status"]) == ["failed", "done", "failed", "done"]
    assert cases["message"].str.contains("did not converge").sum() == 2
    assert set(pd.read_csv(results / "table.csv")["case"]) == {1, 3}
    state = results / ".states" / f"{json.loads((results / 'study.json').read_text())['cases'][0]['name']}.json"
    before = state.read_text()
    assert seix(tmp_path, "sweep", "films.yaml", "-j", 1).returncode == 5
    assert state.read_text() == before
    assert seix(tmp_path, "sweep", "films.yaml", "-j", 1, "--retry").returncode == 5
    assert state.read_text() != before


def test_disk_full_loses_nothing(undisturbed, tmp_path):
    """No file may grow beyond a size, which the field files do: one sentence, and all goes on later."""
    folder = undisturbed
    write_study(tmp_path)
    largest = max(path.stat().st_size for path in folder.glob("cases/*/fields.vtu"))
    # MPI writes larger files as it starts, so the limit comes afterwards
    program = (
        "import resource, sys, seix.fem, seix.cli\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({largest // 2}, {largest // 2}))\n"
        "sys.exit(seix.cli.main(['sweep', 'films.yaml', '-j', '1']))"
    )
    limited = [sys.executable, "-c", program]
    done = subprocess.run(limited, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=250)
    assert done.returncode == 1
    assert "cannot be written" in done.stderr and "Traceback" not in done.stderr
    assert "what is finished stays" in done.stderr
    assert complete(tmp_path / "results" / "films") == []
    assert seix(tmp_path, "sweep", "films.yaml", "-j", 1).returncode == 0
    assert same_tables(folder, tmp_path / "results" / "films")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep", "missing.yaml"], "no such file"),
        (["sweep", "films.yaml", "--shard", "5/4"], "expected i/n"),
        (["sweep", "films.yaml", "--ranks-per-case", "2"], "needs mpirun"),
        (["sweep", "films.yaml", "-j", "0"], "--jobs"),
        (["sweep", "films.yaml", "--dry-run", "--slurm", "4"], "has no effect"),
        (["sweep", "films.yaml", "--set", "sei.thickness='3 nm'"], "the study varies it"),
        (["sweep", "films.yaml", "-o", "films.yaml"], "cannot be kept here"),
        (["sweep", "films.yaml", "--set", "sei.thicknes='3 nm'"], "did you mean 'thickness'?"),
    ],
)
def test_wrong_command_lines(tmp_path, arguments, words):
    write_study(tmp_path, FILMS)
    done = seix(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
