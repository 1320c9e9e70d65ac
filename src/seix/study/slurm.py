"""The script that gives a study to Slurm as a job array: each job is a shard on the same folder."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from ..errors import InputError
from .estimate import PROCESS_MEMORY, Size
from .plan import Plan

MARGIN = 3.0
"""Factor of the time that is asked for over the estimate, which is rough."""
LEAST_MINUTES = 10

TEMPLATE = """#!/bin/bash
# {title}: {cases} cases in {shards} jobs, each with {jobs} process{plural}. Submit with: sbatch {name}
# Time and memory are estimates: check them after the first case with seix status. A job that is killed or runs out of time loses
# the case it works on and nothing else; submit the script again to go on.
#SBATCH --job-name={job}
#SBATCH --array=1-{shards}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={jobs}
#SBATCH --time={hours:02d}:{minutes:02d}:00
#SBATCH --mem={memory}M
#SBATCH --output={job}-%A_%a.log
# the folder of the job must be on a file system that all nodes share
seix sweep {study} --output {output} --shard "${{SLURM_ARRAY_TASK_ID}}/{shards}" --jobs {jobs}{rest}
"""


def slurm_script(
    plan: Plan, sizes: dict[str, Size], output: Path, shards: int, jobs: int, overrides: Sequence[str], name: str
) -> str:
    """Text of the script.

    Parameters
    ----------
    plan : Plan
    sizes : dict
        Hash -> size of the cases.
    output : Path
        Folder of the study.
    shards, jobs : int
        Jobs of the array, and processes of each.
    overrides : sequence of str
        Given with ``--set``.
    name : str
        Of the script.
    """
    seconds = MARGIN * sum(size.seconds for size in sizes.values()) / (shards * jobs)
    longest = MARGIN * max(size.seconds for size in sizes.values())
    minutes = max(math.ceil(max(seconds, longest) / 60), LEAST_MINUTES)
    largest = sorted((size.memory for size in sizes.values()), reverse=True)[:jobs]
    memory = 1.5 * sum(largest) + jobs * PROCESS_MEMORY
    rest = "".join(f" --set {shlex.quote(text)}" for text in overrides)
    return TEMPLATE.format(
        title=plan.file.title.splitlines()[0], cases=len(plan.distinct), name=name, job="seix-" + re.sub(r"\W", "_", plan.name),
        shards=shards, jobs=jobs, plural="es" * (jobs > 1), hours=minutes // 60, minutes=minutes % 60,
        memory=math.ceil(memory / 1e8) * 100, study=shlex.quote(str(plan.path)), output=shlex.quote(str(output)), rest=rest,
    )  # fmt: skip


def write_script(path: Path, text: str) -> None:
    """Write a script where none is yet.

    Raises
    ------
    InputError
    """
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
        path.chmod(0o755)
    except FileExistsError:
        raise InputError(f"{path}: exists already; remove it or start in another folder") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror}") from None
