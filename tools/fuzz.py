"""Throws damaged scenario files at `seix check`: every one must end in a result or in a sentence, and soon.

    python tools/fuzz.py --cases 10000 --seed 0      counts of what became of them; exit code 1 if anything failed
    python tools/fuzz.py --seed 0 --only 1234        one case again, its file and what is said shown

A case is a shipped scenario with one to four damages, and now and then a ``--set``. It fails if an exception other than a
`SeixError` comes out, if it takes longer than `LIMIT`, or if a refusal says nothing or a line of it has no place. The files
of failed cases are kept in ./fuzz-failures.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import shipped
from damage import Damage, emit

ROOT = Path(__file__).parents[1]
LIMIT = 10.0
"""Longest time of one check [s]."""
CODES = {0: "valid", 2: "invalid", 4: "impossible"}
SAID = re.compile(r"(?:.*\.yaml:\d+:\d+|--set .*?): .")
"""How a line of a refusal starts: file, line and column, or the argument."""


class TooLong(BaseException):
    """A check ran past its time; not an `Exception`, so that no handler of the program takes it for its own."""


@dataclass
class Case:
    """One damaged scenario.

    Attributes
    ----------
    number : int
    folder : str
        Of the scenario it was made of, below scenarios/.
    content : bytes
    steps : list of str
        What was done to it.
    arguments : list of str
        ``--set`` arguments.
    as_base : bool
        Checked through a file that extends it.
    """

    number: int
    folder: str
    content: bytes
    steps: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    as_base: bool = False


@dataclass(frozen=True)
class Result:
    """What became of a case: `outcome` is a value of `CODES` or starts with ``FAILED``."""

    outcome: str
    said: str
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether this is a defect of the program."""
        return self.outcome.startswith("FAILED")


def scenarios() -> list[Path]:
    """The files that are damaged."""
    return shipped.scenarios()


def make_case(seed: int, number: int) -> Case:
    """Case `number` of a seed; the same on every machine."""
    rng = random.Random(f"{seed} {number}")
    source = rng.choice(scenarios())
    damage = Damage(rng, scenarios())
    content, steps = damage.of(source)
    case = Case(number, str(source.parent.relative_to(ROOT / "scenarios")), content, [source.name, *steps])
    case.as_base = rng.random() < 0.05
    if rng.random() < 0.1:
        text = f"{damage.path()}={emit(damage.value())}"
        case.arguments = [f"--set={text}"]
        case.steps.append(f"--set {text}")
    return case


def run_case(case: Case, folder: Path) -> Result:
    """Check one case in a copy of the scenarios, through the command line in this process."""
    from seix.cli import main

    path = folder / case.folder / "case.yaml"
    path.write_bytes(case.content)
    if case.as_base:
        path = path.with_name("over.yaml")
        path.write_text("extends: case.yaml\ntitle: Over a damaged base\n", "utf-8")
    said, began = io.StringIO(), time.perf_counter()
    try:
        with limit(LIMIT), contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = main(["check", str(path), *case.arguments])
        outcome = CODES.get(code, f"FAILED: exit code {code}")
    except TooLong:
        outcome = f"FAILED: longer than {LIMIT:g} s"
    except Exception as error:
        said.write(traceback.format_exc())
        outcome = f"FAILED: {type(error).__name__}"
    lines = said.getvalue().splitlines()
    if outcome in ("invalid", "impossible") and not (lines and all(SAID.match(line) for line in lines)):
        outcome = "FAILED: a line without place"
    return Result(outcome, said.getvalue(), time.perf_counter() - began)


@contextlib.contextmanager
def limit(seconds: float) -> Iterator[None]:
    """Raise `TooLong` inside the block after so many seconds."""

    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def copy_of_scenarios() -> Iterator[Path]:
    """A folder where damaged files find the bases they extend."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copytree(ROOT / "scenarios", name, dirs_exist_ok=True)
        yield Path(name)


def fuzz(seed: int, numbers: range, keep: Path | None = None) -> tuple[collections.Counter, list[tuple[Case, Result]], float]:
    """Run many cases.

    Parameters
    ----------
    seed : int
    numbers : range
        Of the cases.
    keep : Path, optional
        Folder for the files of failed cases.

    Returns
    -------
    counts : Counter
        Cases by outcome.
    failures : list of (Case, Result)
    slowest : float
        Longest time of a case [s].
    """
    counts: collections.Counter = collections.Counter()
    failures, slowest = [], 0.0
    with copy_of_scenarios() as folder:
        for number in numbers:
            case = make_case(seed, number)
            result = run_case(case, folder)
            counts[result.outcome] += 1
            slowest = max(slowest, result.seconds)
            if result.failed:
                failures.append((case, result))
                if keep is not None:
                    keep.mkdir(exist_ok=True)
                    (keep / f"{seed}-{number}.yaml").write_bytes(case.content)
    return counts, failures, slowest


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Check many damaged scenarios.")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="one case, shown")
    given = parser.parse_args()
    if given.only is not None:
        case = make_case(given.seed, given.only)
        with copy_of_scenarios() as folder:
            result = run_case(case, folder)
        print(case.content.decode("utf-8", "backslashreplace"), *case.steps, result.outcome, result.said, sep="\n")
        return int(result.failed)
    began = time.perf_counter()
    counts, failures, slowest = fuzz(given.seed, range(given.cases), Path("fuzz-failures"))
    for case, result in failures[:20]:
        print(f"case {case.number} of seed {given.seed}: {result.outcome}; {'; '.join(case.steps)[:300]}")
        print("\n".join(result.said.splitlines()[-3:])[:600])
    print(f"{sum(counts.values())} cases, seed {given.seed}, {time.perf_counter() - began:.0f} s, slowest {slowest:.2f} s")
    for outcome, count in counts.most_common():
        print(f"{count:7d} {outcome}")
    return int(bool(failures))


if __name__ == "__main__":
    raise SystemExit(main())
