"""A study as its report sees it: numbers of all finished cases, ready to be drawn."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis.labels import RATIO, headlines
from ..analysis.notation import display_unit
from ..analysis.quantity import describe
from ..errors import InputError
from .axes import AxisInfo
from .case_warnings import case_warnings
from .ensemble import WANTED, ensemble_table, intervals, point_key, with_points
from .store import Store
from .tables import KnownStudy, case_table, read_plan, tidy_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Place:
    """A value of an axis.

    Attributes
    ----------
    text : str
        As written in the study file.
    number : float
        Position on the axis, in SI, or a count for words.
    """

    text: str
    number: float


@dataclass(frozen=True)
class AxisPlaces:
    """An axis with its values.

    Attributes
    ----------
    info : AxisInfo
    places : list of Place
        In the order of the study file; of a sample in rising order.
    numeric : bool
        Whether its values are different numbers; otherwise they stand side by side as words.
    """

    info: AxisInfo
    places: list[Place]
    numeric: bool

    @cached_property
    def scale(self) -> tuple[float, str]:
        """Factor and name of the unit in which the values are shown."""
        if not self.numeric or not self.info.unit:
            return 1.0, ""
        return display_unit(self.info.unit, max(abs(place.number) for place in self.places))

    @property
    def label(self) -> str:
        """Name with unit."""
        unit = self.scale[1]
        unit = "" if unit == "1" else unit
        return f"{self.info.label} ({unit})" if unit else self.info.label

    def shown(self, place: Place) -> float:
        """Position in the unit of the label."""
        return place.number / self.scale[0]

    def tick(self, place: Place) -> str:
        """Text of a value, without its unit where the label has it."""
        return f"{self.shown(place):.4g}" if self.numeric else place.text.replace("_", " ")


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds with its interval; low and high are NaN without one.

    Attributes
    ----------
    n : int
        Seeds.
    whole : bool
        Whether it rests on all cases that the study has for it.
    """

    mean: float
    low: float
    high: float
    n: int
    whole: bool


class StudyResults:
    """Finished cases of a study.

    Parameters
    ----------
    root : Path
        Folder of the study.
    wanted : float
        Half width of the interval of the mean that is aimed at, over the mean.

    Raises
    ------
    InputError
        If it is no study, or no case is finished.

    Attributes
    ----------
    study : KnownStudy
    warnings : list of str
        What the cases warn of.
    cases, tidy, ensemble : DataFrame
        Tables of the study; the last one of the quantities that are shown.
    points : list
        Values of each point as written.
    seeds : list of int
    """

    def __init__(self, root: Path, wanted: float = WANTED):
        self.root, self.wanted = Path(root), wanted
        self.study: KnownStudy = read_plan(self.root)
        store = Store(self.root)
        tidy = tidy_table(self.study, store)
        if tidy.empty:
            raise InputError(f"{self.root}: no case of this study is finished yet; run seix sweep first")
        self.cases: pd.DataFrame = case_table(self.study, store)
        self.warnings: list[str] = case_warnings(store, self.study.cases)
        self.tidy = with_points(tidy, self.study.cases)
        shown, _ = self.quantities()
        rows = tidy["quantity"].str.removeprefix(RATIO).isin(shown)
        self.ensemble = ensemble_table(tidy[rows], self.study.cases, wanted)
        self.points = list(dict.fromkeys(point_key(case) for case in self.study.cases))
        self.seeds = [seed for seed in dict.fromkeys(case.seed for case in self.study.cases) if seed is not None]

    # -- what there is --------------------------------------------------------------------------------------------------

    @cached_property
    def structures(self) -> list[str]:
        """Structures without the ratios of two."""
        return [name for name in dict.fromkeys(self.tidy["structure"]) if "/" not in name]

    @cached_property
    def ratios(self) -> list[str]:
        """First structure over second, where they are compared."""
        return [name for name in dict.fromkeys(self.tidy["structure"]) if "/" in name]

    @cached_property
    def currents(self) -> list[float]:
        """All I/I0, rising."""
        return sorted(set(self.tidy["current_multiple"]))

    @cached_property
    def axes(self) -> list[AxisPlaces]:
        """Axes that have at least two values."""
        found = [self._axis(info) for info in self.study.axes]
        return [axis for axis in found if len(axis.places) > 1]

    @property
    def grid(self) -> list[AxisPlaces]:
        """Axes of the grid."""
        return [axis for axis in self.axes if not axis.info.sampled]

    @property
    def sampled(self) -> list[AxisPlaces]:
        """Parameters of the sample."""
        return [axis for axis in self.axes if axis.info.sampled]

    def _axis(self, info: AxisInfo) -> AxisPlaces:
        possible = [case for case in self.study.cases if case.possible]
        numbers = {str(case.values[info.name]): case.numbers.get(info.name) for case in possible}
        numeric = None not in numbers.values() and (info.sampled or len(set(numbers.values())) == len(numbers))
        places = [Place(text, float(number) if numeric else float(k)) for k, (text, number) in enumerate(numbers.items())]
        if numeric:
            places.sort(key=lambda place: place.number)
        return AxisPlaces(info, places, numeric)

    def quantities(self) -> tuple[list[str], list[str]]:
        """What the report shows: the quantities that the study names, otherwise the headlines.

        Returns
        -------
        shown, missing : list of str
            Without ``ratio.``; missing are those asked for that no case has. Names may be patterns of the table of
            quantities, such as ``stress.von_mises.p99.<phase>``.
        """
        there = [name for name in dict.fromkeys(self.tidy["quantity"]) if not name.startswith(RATIO)]
        if not self.study.quantities:
            return headlines(there) or there, []
        shown, missing = [], []
        for asked in (name.removeprefix(RATIO) for name in self.study.quantities):
            found = [name for name in there if name == asked or ((info := describe(name)) and info.pattern == asked)]
            shown += found
            missing += [] if found else [asked]
        return list(dict.fromkeys(shown)), missing

    def unit(self, quantity: str) -> str:
        """SI unit."""
        return str(self.tidy.loc[self.tidy["quantity"] == quantity, "unit"].iloc[0])

    # -- numbers ---------------------------------------------------------------------------------------------------------

    def values(self, structure: str, quantity: str, current: float) -> dict[int, dict[Any, float]]:
        """Point -> seed -> value of all finished cases."""
        chosen = self._rows.get((structure, quantity, current))
        found: dict[int, dict[Any, float]] = {}
        if chosen is not None:
            for row in chosen:
                found.setdefault(int(self._point[row]), {})[self._seed[row]] = float(self._value[row])
        return found

    @cached_property
    def _rows(self) -> dict[tuple[str, str, float], np.ndarray]:
        return dict(self.tidy.groupby(["structure", "quantity", "current_multiple"], sort=False).indices)

    @cached_property
    def _point(self) -> np.ndarray:
        return self.tidy["point"].to_numpy()

    @cached_property
    def _seed(self) -> list[Any]:
        return [None if seed is None or seed != seed else int(seed) for seed in self.tidy["seed"]]

    @cached_property
    def _value(self) -> np.ndarray:
        return self.tidy["value"].to_numpy(float)

    def select(self, fixed: Mapping[str, str]) -> list[int]:
        """Points at which axes have the given values, as written."""
        wanted = set(fixed.items())
        return [number for number, key in enumerate(self.points) if wanted <= set(key)]

    def average(self, values: dict[int, dict[Any, float]], points: Sequence[int]) -> Estimate | None:
        """Mean over some points with its interval over the seeds; see `averages`."""
        return self.averages(values, [points])[0]

    def averages(
        self, values: dict[int, dict[Any, float]], groups: Sequence[Sequence[int]], interval: bool = True
    ) -> list[Estimate | None]:
        """Means over groups of points with their intervals over the seeds.

        For each seed the points are averaged first, so that what the seeds have in common at all points stays in the scatter.
        Seeds that lack one of the points that any seed has are left out, as their average would be that of something else.

        Parameters
        ----------
        values : dict
            Of :meth:`values`.
        groups : sequence of sequence of int
            Points.
        interval : bool
            Whether intervals are wanted; they take most of the time.

        Returns
        -------
        list of Estimate or None
            None for a group of which no seed has all points.
        """
        samples = []
        for points in groups:
            there, seeds = _common(values, points)
            samples.append(np.array([np.mean([values[point][seed] for point in there]) for seed in seeds]))
        blank = (math.nan, math.nan, "")
        bounds = intervals(samples) if interval else [blank] * len(samples)
        return [
            Estimate(float(sample.mean()), low, high, len(sample), self.used(values, points) == self.planned(points))
            if len(sample)
            else None
            for sample, points, (low, high, _) in zip(samples, groups, bounds, strict=True)
        ]

    def planned(self, points: Sequence[int]) -> int:
        """Cases that the study has at some points."""
        return len(points) * max(len(self.seeds), 1)

    def used(self, values: dict[int, dict[Any, float]], points: Sequence[int]) -> int:
        """Those of them on which the mean over the points rests."""
        there, seeds = _common(values, points)
        return len(there) * len(seeds)

    def at(self, structure: str, quantity: str, current: float, fixed: Mapping[str, str] | None = None) -> Estimate | None:
        """Average over all points at which axes have the given values."""
        return self.average(self.values(structure, quantity, current), self.select(fixed or {}))

    def others(self, *names: str) -> list[dict[str, str]]:
        """Combinations of the values of all other axes, as written; one empty one if there is none."""
        rest = [axis.info.name for axis in self.axes if axis.info.name not in names]
        kept = dict.fromkeys(tuple((name, value) for name, value in key if name in rest) for key in self.points)
        return [dict(combination) for combination in kept]

    def pairs(self) -> list[tuple[AxisPlaces, AxisPlaces]]:
        """Pairs of axes of the grid."""
        return list(itertools.combinations(self.grid, 2))

    def numerical_error(self, quantity: str, current: float) -> float:
        """Mean of the stated numerical errors over all points and structures; 0 if none is stated."""
        table = self.ensemble
        rows = table[(table["quantity"] == quantity) & (table["current_multiple"] == current)]
        error = float(rows["error"].mean())
        return error if math.isfinite(error) else 0.0

    def shown_unit(self, quantity: str, names: Sequence[str], current: float | None = None) -> tuple[float, str]:
        """Factor and name of the unit for some structures, by the largest value."""
        rows = self.tidy[(self.tidy["quantity"] == quantity) & self.tidy["structure"].isin(list(names))]
        if current is not None:
            rows = rows[rows["current_multiple"] == current]
        largest = float(rows["value"].abs().max()) if len(rows) else math.nan
        return display_unit(self.unit(quantity), largest if math.isfinite(largest) else 1.0)


def _common(values: dict[int, dict[Any, float]], points: Sequence[int]) -> tuple[list[int], list[Any]]:
    """Those of some points that have values, and the seeds that all of these have."""
    there = [point for point in points if point in values]
    seeds = dict.fromkeys(seed for point in there for seed in values[point])
    return there, [seed for seed in seeds if all(seed in values[point] for point in there)]
