"""Sentences of a report on means that rest on fewer cases than the study has for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .results import AxisPlaces, StudyResults

LISTED = 8
"""Means that are named one by one."""


def of_axes(results: StudyResults, quantity: str, current: float) -> str:
    """For the figures against the axes of the grid; empty if nothing is missing, as for all below."""
    places = ({axis.info.name: place.text} for axis in results.grid for place in axis.places)
    return sentence(results, [quantity], [current], places)


def of_pair(results: StudyResults, quantity: str, current: float, pair: tuple[AxisPlaces, AxisPlaces]) -> str:
    """For a heat map."""
    first, second = pair
    cells = ({first.info.name: a.text, second.info.name: b.text} for a in first.places for b in second.places)
    return sentence(results, [quantity], [current], cells)


def of_points(results: StudyResults, quantity: str, current: float) -> str:
    """For what is shown point by point."""
    return sentence(results, [quantity], [current], map(dict, results.points))


def sentence(
    results: StudyResults, quantities: Sequence[str], currents: Sequence[float], groups: Iterable[Mapping[str, str]]
) -> str:
    """Which means rest on fewer cases than the study has for them.

    Parameters
    ----------
    results : StudyResults
    quantities : sequence of str
    currents : sequence of float
        Of all of them, and of all structures, the one that lacks most counts.
    groups : iterable of mapping
        Values of axes as written, each with one mean; an empty one stands for all points.
    """
    tables = [results.values(one, quantity, current)
              for one in results.structures for quantity in quantities for current in currents]  # fmt: skip
    labels = {axis.info.name: axis.info.label for axis in results.axes}
    found = []
    for fixed in groups:
        points = results.select(fixed)
        planned = results.planned(points)
        used = min(results.used(values, points) for values in tables)
        if used < planned:
            text = ", ".join(f"{labels[name]} {value}" for name, value in fixed.items() if name in labels) or "the whole study"
            found.append(f"{text} ({used} of {planned})")
    if not found:
        return ""
    more = f"; and {len(found) - LISTED} more" if len(found) > LISTED else ""
    return (
        " Marked in black, or missing, are means of fewer cases than the study has for them, as others failed or are not there "
        f"yet: {'; '.join(found[:LISTED])}{more}."
    )
