"""Sentences of the report of a study."""

from __future__ import annotations

import math
from typing import Any

from .curves import LINES
from .ensemble import LEVEL, NUMERICAL, RESAMPLES, SCATTER, SEVERAL, UNKNOWN, point_key
from .results import AxisPlaces, StudyResults
from .sensitivity import FEWEST, MORRIS, RANK, SOBOL, Design, Sensitivity
from .sheet import named


def counts(results: StudyResults) -> str:
    """How many cases are done, failed and open."""
    status = list(results.cases["status"])
    done, failed = status.count("done"), status.count("failed")
    parts = [f"{done} of {len(status)} cases done"]
    if failed:
        parts.append(f"{failed} failed")
    if done + failed < len(status):
        parts.append(f"{len(status) - done - failed} not computed yet")
    return ", ".join(parts)


def computed(results: StudyResults, current: float) -> str:
    """Structures, currents, seeds."""
    names = ", ".join(named(name) for name in results.structures)
    parts = [f"Structure{'s' * (len(results.structures) > 1)}: {names}."]
    parts.append(f"Currents: I/I0 = {', '.join(f'{one:g}' for one in results.currents)}.")
    if len(results.seeds) > 1:
        parts.append(f"Every point was computed with {len(results.seeds)} random microstructures (seeds).")
    else:
        parts.append("Every point was computed with one microstructure, so nothing is known about their scatter.")
    sample = results.study.sample
    if sample is not None:
        kinds = {
            "latin_hypercube": "Latin hypercube",
            "sobol": "Sobol' sequence",
            "sensitivity": "design of a sensitivity analysis",
        }
        parts.append(f"Sample: {kinds[sample['method']]} of {len(sample['parameters'])} parameters.")
    return " ".join(parts)


def warnings(results: StudyResults, missing: list[str]) -> list[str]:
    """What a reader has to know before the figures."""
    found = [f"The study asks for '{name}', which no case has." for name in missing]
    status = list(results.cases["status"])
    waiting = len(status) - status.count("done") - status.count("failed")
    if waiting:
        found.append(f"{waiting} of {len(status)} cases are not computed yet: figures and numbers will change.")
    return found + results.warnings


def failed_note(results: StudyResults, design: Design | None) -> str:
    """What failed cases mean for the rest."""
    text = "Failed cases are left out everywhere. Means over several points use the seeds that are there at all of them. "
    text += "If failures are not random, what remains is not a fair sample of the study."
    if design is not None and design.kind != RANK:
        text += " Sensitivities need every case of their design and are not given for quantities that lack one."
    return text


def certainty(results: StudyResults, balance: list[dict[str, Any]]) -> list[str]:
    """Sentences on scatter, numerical error and seeds."""
    if not balance:
        return ["There is one microstructure at each point: how much others would differ is not known. A study with `seeds` "
                "tells."]  # fmt: skip
    total = {kind: sum(row["counts"][kind] for row in balance) for kind in (SCATTER, NUMERICAL, UNKNOWN)}
    points, wanted = sum(row["points"] for row in balance), f"{100 * results.wanted:g} %"
    texts = [
        f"What makes a single run uncertain is the scatter between microstructures in {total[SCATTER]} and the numerical "
        f"error in {total[NUMERICAL]} of {points} values (quantity at a point)"
        + (f"; of {total[UNKNOWN]} no numerical error is stated, or both are zero." if total[UNKNOWN] else ".")
    ]
    enough = sum(row["enough"] for row in balance)
    texts.append(
        f"For a 95 % interval of the mean within ±{wanted} of it, {enough} of {points} values have enough seeds; how many the "
        "others need stands in the last column. The suggestion rests on the scatter found so far and is itself uncertain, "
        "the more so the fewer seeds there are."
    )
    counts_of = set(results.ensemble["n"])
    if 1 in counts_of:
        texts.append("Some points have a single seed, as others failed or are not computed yet: they have no interval.")
    fewest = min((int(n) for n in counts_of if n > 1), default=SEVERAL)
    if fewest < SEVERAL:
        cover = 100 * (1 - 2.0 ** (1 - fewest))
        texts.append(
            f"Some points have only {fewest} seeds. A bootstrap interval lies between the smallest and the largest value, and "
            f"{fewest} values enclose the centre of a symmetric distribution with {cover:.3g} % at most: bands are too narrow "
            f"for 95 % with fewer than {SEVERAL} seeds. Student's interval in the table is the safer one there."
        )
    rough = [row["quantity"] for row in balance if row["rough"]]
    if rough:
        texts.append(f"The numerical error alone exceeds {wanted} for {'; '.join(dict.fromkeys(rough))}: more seeds do not help "
                     "there, a finer mesh does.")  # fmt: skip
    return texts


def balance_caption(results: StudyResults, current: float) -> str:
    """What the columns are."""
    return (
        f"At I/I0 = {current:g}, smallest to largest over all points. Scatter: standard deviation over the seeds. Numerical "
        f"error: "
        "mean of the stated ones. Both over the mean. The larger one dominates. Seeds needed: for a half width of the 95 % "
        f"interval of the mean of {100 * results.wanted:g} % of the mean." + _lacking(results)
    )


def _lacking(results: StudyResults) -> str:
    """How many points do not have all their seeds."""
    status = zip(results.study.cases, results.cases["status"], strict=True)
    lacking = {point_key(case) for case, one in status if one != "done"}
    if not lacking:
        return ""
    return f" {len(lacking)} of {len(results.points)} points lack seeds that failed or are not there yet."


def bands(results: StudyResults) -> str:
    """What bands are, for captions."""
    return " Bands: 95 % bootstrap interval of the mean over the seeds." if len(results.seeds) > 1 else ""


def current_caption(results: StudyResults, averaged: str) -> str:
    """Caption of the figure against the current."""
    text = "Field that 0.1 % (P99.9) and 1 % (P99) of the SEI exceed, over the reference field, against the current. " + averaged
    return text.rstrip() + bands(results)


def axis_caption(results: StudyResults, current: float) -> str:
    """Caption of the figures against the axes."""
    text = f"Against {' and '.join(axis.info.label for axis in results.grid)} at I/I0 = {current:g}"
    return text + (", and below the ratio of the structures." if results.ratios else ".")


def scatter_caption(results: StudyResults, current: float) -> str:
    """Caption of the scatter plots."""
    names = " and ".join(axis.info.label for axis in results.sampled)
    return f"Against {names} at I/I0 = {current:g}, one point for each computed combination."


def heat_caption(results: StudyResults, pair: tuple[AxisPlaces, AxisPlaces], shares: dict[str, float], current: float,
                 small: bool) -> str:  # fmt: skip
    """Caption of a heat map: what was averaged, and how far the axes act together.

    `small` says that all differences are below the numerical error.
    """
    over = ["the seeds"] if len(results.seeds) > 1 else []
    over += [axis.info.label for axis in results.axes if axis not in pair]
    mean = f", mean over {' and '.join(over)}" if over else ""
    parts = []
    for name, share in shares.items():
        if math.isfinite(share):
            who = f" ({named(name)})" if len(shares) > 1 else ""
            parts.append(f"{'below 0.1' if share < 1e-3 else f'{100 * share:.2g}'} %{who}")
    text = f"{pair[0].info.label} and {pair[1].info.label} at I/I0 = {current:g}{mean}."
    if small:
        text += " The means differ by less than the numerical error."
    elif parts:
        text += " Interaction, the part of the variance of these means that no sum of two separate effects explains: "
        text += f"{', '.join(parts)}."
    return text


def tornado_caption(results: StudyResults, design: Design, one: Sensitivity, ratio: bool = False) -> str:
    """Caption of a tornado plot."""
    what = "ratio of the structures: " if ratio else ""
    mean = " Each output is the mean over the seeds." if len(results.seeds) > 1 else ""
    if results.grid:
        mean += f" It is also the mean over {', '.join(axis.info.label for axis in results.grid)}."
    texts = {
        SOBOL: "Sobol' indices: the first-order index is the share of the variance of the output that a parameter explains "
        "by itself, the total index that in which it has any part. ",
        MORRIS: "elementary effects: mean size of the change when a parameter alone changes, for its whole range, and the "
        "scatter of these changes, which is large where the parameter acts non-linearly or together with others. ",
        RANK: "rank correlations (Spearman): ±1 if the quantity always rises or falls with the parameter, 0 without a "
        "monotone trend. ",
    }
    text = texts[one.kind]
    return f"Sensitivity from {one.runs} points, {what}{text}Whiskers: 95 % intervals.{mean}"


def no_sensitivity(results: StudyResults, design: Design, structure: str, quantity: str, current: float) -> str:
    """Why there are no sensitivities."""
    lacking = design.missing(structure, quantity, current)
    if design.kind != RANK and lacking:
        return (f"{named(structure)}: no sensitivities, as {lacking} of {design.count} points of the design have no value, "
                f"and the formulas need all of them.")  # fmt: skip
    if design.count - lacking < FEWEST:
        return f"{named(structure)}: no sensitivities from {design.count - lacking} points; at least {FEWEST} are needed."
    return f"{named(structure)}: no sensitivities, as the value is the same everywhere."


def quantities_note(results: StudyResults, current: float) -> list[str]:
    """What follows, and how the figures are to be read."""
    which = "the quantities that the study names" if results.study.quantities else "the headline quantities of seix"
    texts = [f"Shown are {which} at I/I0 = {current:g}. All figures are in the folder figures as PNG."]
    how = []
    if len(results.axes) > 1 and results.grid:
        how.append("Thick lines are means over all values of the other axes, for each seed first, then over the seeds; thin "
                   f"lines are single values of the other axes, drawn up to {LINES} combinations.")  # fmt: skip
    if len(results.seeds) > 1:
        how.append(
            "Bands and bars are 95 % bootstrap intervals of the mean over the seeds. They do not hold the numerical error."
        )
    return texts + ([" ".join(how)] if how else [])


def numbers_note(results: StudyResults, current: float) -> str:
    """What the tables are."""
    files = "table.csv (every number of every case)"
    if results.seeds:
        files += " and ensemble.csv (statistics over the seeds, all quantities and currents)"
    return f"At I/I0 = {current:g}. Complete tables: {files}, in the folder of the study, also as Parquet."


def method(results: StudyResults, design: Design | None) -> list[str]:
    """Definitions, for a reader who wants to check them."""
    texts = [
        "Numerical error: the discretisation error that each run states for each quantity, from a second, coarser mesh or "
        "from the sequence of adapted meshes; its mean over the seeds. It is systematic and does not shrink with more seeds."
    ]
    if len(results.seeds) > 1:
        texts += [
            "Scatter: standard deviation over the seeds (with n − 1). Every seed is another random packing with the same "
            "statistics in the same domain; a larger domain would scatter less.",
            f"Bootstrap interval: {LEVEL:.0%} interval of the mean, bias-corrected and accelerated (BCa) where that is defined, "
            f"otherwise from percentiles, with {RESAMPLES} resamples of the seeds and fixed random numbers. Student's "
            f"interval: mean ± t(0.975, n − 1) s/√n, exact for normal values. Identical values and single ones have no interval.",
            "Seeds needed: the smallest n with t(0.975, n − 1) s/√n ≤ w |mean|, where s is the scatter and w the wanted "
            f"half width ({100 * results.wanted:g} % of the mean).",
        ]
        if results.ratios:
            texts.append("Ratios of structures are formed for each seed, and their statistics are those of these paired "
                         "ratios, not the ratio of the means.")  # fmt: skip
    if design is not None and design.kind == SOBOL:
        texts.append("Sobol' indices by the scheme of Saltelli (2010, doi:10.1016/j.cpc.2009.09.018), computed by SALib "
                     "(doi:10.21105/joss.00097), with bootstrap intervals.")  # fmt: skip
    elif design is not None and design.kind == MORRIS:
        texts.append("Elementary effects by Morris (1991, doi:10.1080/00401706.1991.10484804), computed by SALib "
                     "(doi:10.21105/joss.00097). The number of runs was too small for Sobol' indices.")  # fmt: skip
    elif design is not None:
        texts.append("Rank correlations: Spearman's, with percentile intervals from resampled points.")
    return texts
