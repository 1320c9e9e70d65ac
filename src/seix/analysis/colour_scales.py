"""What the maps show: values in readable units with one colour scale for all structures that are compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.colors import Colormap, Normalize
from numpy.typing import NDArray

from .fieldset import CellFields
from .mapdraw import robust_range
from .notation import display_unit
from .style import FIELD, diverging, sequential

Values = NDArray[np.float64]
_NO_STRESS = 1e-6
"""Stress of the SEI over that of the core below which it is rounding, and the core sets the colours."""
_MUCH_LARGER = 20.0
"""Stress of the core over that of the SEI from which the core has no colours: an error of a few percent there would be the most
striking part of the map."""


@dataclass(frozen=True)
class ColourScale:
    """One field with one colour scale for several structures.

    Attributes
    ----------
    title
        What the map shows, in words.
    label
        Symbol and unit for the colour bar.
    shown
        For each structure, which regions carry colour.
    values
        For each structure, values at the nodes of `CellFields.nodes` in the unit of the label.
    cmap, norm, extend
        Colours; `extend` says at which ends values lie outside.
    """

    title: str
    label: str
    shown: list[NDArray[np.bool_]]
    values: list[Values]
    cmap: Colormap
    norm: Normalize
    extend: str


def field_enhancement(structures: Sequence[CellFields]) -> ColourScale:
    """E/E0 in the SEI, from zero to the P99.9 of the structure with the highest."""
    shown = [_only_sei(fields) for fields in structures]
    values = [fields.nodes.values["field_enhancement"] for fields in structures]
    _, high, (_, beyond) = _joint_range(structures, values, shown)
    return ColourScale(
        "Electric field enhancement",
        FIELD,
        shown,
        values,
        sequential("lipari"),
        Normalize(0.0, _round_up(_headroom(structures, values, shown, high))),
        "max" if beyond else "neither",
    )


def first_principal_stress(structures: Sequence[CellFields]) -> ColourScale:
    """Largest principal stress in SEI and core, in colours for the SEI; white is zero. A core with much more has none."""
    raw = [fields.nodes.values["first_principal_stress"] for fields in structures]
    shown, low, high = _stress_range(structures, raw)
    factor, unit = display_unit("Pa", max(abs(low), abs(high)))
    high = _headroom(structures, raw, [_only_sei(fields) for fields in structures], high)
    if -low < 0.02 * high:  # a trace of the other sign is not worth a piece of the scale
        low = 0.0
    beyond = _beyond(structures, raw, shown, low, high)
    cmap, norm = diverging(low / factor, high / factor)
    return ColourScale(
        "First principal stress" + _where(shown, structures),
        rf"$\sigma_\mathrm{{1}}$ ({unit})",
        shown,
        [v / factor for v in raw],
        cmap,
        norm,
        _extend(*beyond),
    )


def potential(structures: Sequence[CellFields]) -> ColourScale:
    """Potential in SEI and electrolyte, against the electrolyte at its outer boundary (the largest value)."""
    shown = [~_only_core(fields) for fields in structures]
    raw = []
    for fields, regions in zip(structures, shown, strict=True):
        values = fields.nodes.values["potential"]
        raw.append(values - np.nanmax(values[regions[fields.nodes.region]]))
    low, _, _ = _joint_range(structures, raw, shown, 1.0)
    factor, unit = display_unit("V", abs(low))
    low = low if low < 0 else -factor
    return ColourScale(
        "Potential against the outer electrolyte",
        rf"$\phi$ ({unit})",
        shown,
        [v / factor for v in raw],
        sequential("lapaz"),
        Normalize(low / factor, 0.0),
        "neither",
    )


def current_density(structures: Sequence[CellFields]) -> ColourScale:
    """Magnitude of the current density in SEI and electrolyte."""
    shown = [~_only_core(fields) for fields in structures]
    raw = [np.linalg.norm(fields.nodes.values["current_density"], axis=1) for fields in structures]
    sei = [_only_sei(fields) for fields in structures]
    _, high, (_, beyond) = _joint_range(structures, raw, sei)
    high = _headroom(structures, raw, sei, high)
    factor, unit = display_unit("A/m2", high)
    return ColourScale(
        "Current density",
        rf"$|\mathbf{{i}}|$ ({unit})",
        shown,
        [v / factor for v in raw],
        sequential("davos"),
        Normalize(0.0, _round_up(high / factor)),
        "max" if beyond else "neither",
    )


def lithium_concentration(structures: Sequence[CellFields]) -> ColourScale:
    """Lithium in the core; where it hardly varies, the deviation from its mean."""
    shown = [_only_core(fields) for fields in structures]
    raw = [fields.nodes.values["lithium_concentration"] for fields in structures]
    low, high, beyond = _joint_range(structures, raw, shown)
    mean = 0.5 * (low + high)
    if high - low < 0.05 * abs(mean):
        means = [_mean(fields, values, regions) for fields, values, regions in zip(structures, raw, shown, strict=True)]
        shifted = [values - mean for values, mean in zip(raw, means, strict=True)]
        low, high, beyond = _joint_range(structures, shifted, shown)
        # below the rounding of the mean the picture would be noise
        floor = 1e-12 * max(abs(mean) for mean in means)
        low, high = min(low, -floor), max(high, floor)
        cmap, norm = diverging(low, high, "bam_r")
        title = "Lithium in the core, deviation from its mean " + _means(means)
        return ColourScale(title, r"$c-\bar{c}$ (mol/m³)", shown, shifted, cmap, norm, _extend(*beyond))
    factor, unit = display_unit("mol/m3", high)
    return ColourScale(
        "Lithium in the core",
        rf"$c$ ({unit})",
        shown,
        [v / factor for v in raw],
        sequential("lapaz_r"),
        Normalize(low / factor, high / factor),
        _extend(*beyond),
    )


def von_mises_stress(structures: Sequence[CellFields]) -> ColourScale:
    """Von Mises stress in SEI and core, in colours for the SEI, from zero."""
    raw = [fields.nodes.values["von_mises_stress"] for fields in structures]
    shown, _, high = _stress_range(structures, raw)
    high = _headroom(structures, raw, [_only_sei(fields) for fields in structures], high)
    factor, unit = display_unit("Pa", high)
    return ColourScale(
        "Von Mises stress" + _where(shown, structures),
        rf"$\sigma_\mathrm{{vM}}$ ({unit})",
        shown,
        [v / factor for v in raw],
        sequential("lajolla_r"),
        Normalize(0.0, _round_up(high / factor)),
        _extend(*_beyond(structures, raw, shown, 0.0, high)),
    )


def hydrostatic_stress(structures: Sequence[CellFields]) -> ColourScale:
    """Hydrostatic stress in SEI and core, in colours for the SEI; white is zero, tension positive."""
    raw = [fields.nodes.values["hydrostatic_stress"] for fields in structures]
    shown, low, high = _stress_range(structures, raw)
    beyond = _beyond(structures, raw, shown, min(low, 0.0), max(high, 0.0))
    factor, unit = display_unit("Pa", max(abs(low), abs(high)))
    cmap, norm = diverging(low / factor, high / factor)
    return ColourScale(
        "Hydrostatic stress" + _where(shown, structures),
        rf"$\sigma_\mathrm{{h}}$ ({unit})",
        shown,
        [v / factor for v in raw],
        cmap,
        norm,
        _extend(*beyond),
    )


ScaleMaker = Callable[[Sequence[CellFields]], ColourScale]
#: file name -> colour scale of the maps that are drawn when the field exists
SCALES: dict[str, ScaleMaker] = {
    "field_enhancement": field_enhancement,
    "first_principal_stress": first_principal_stress,
    "potential": potential,
    "current_density": current_density,
    "lithium_concentration": lithium_concentration,
}
#: the same for results in space
SOLID_SCALES = {**SCALES, "von_mises_stress": von_mises_stress, "hydrostatic_stress": hydrostatic_stress}


def _joint_range(
    structures: Sequence[CellFields],
    values: Sequence[Values],
    shown: Sequence[NDArray[np.bool_]],
    fraction: float = 0.999,
) -> tuple[float, float, tuple[bool, bool]]:
    """Range over all structures; whether values lie below or above it by more than 2 % of its width."""
    ranges = [robust_range(f, v, s, fraction) for f, v, s in zip(structures, values, shown, strict=True)]
    low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
    if high == low:
        high = low + (abs(low) or 1.0) * 1e-3
    return low, high, _beyond(structures, values, shown, low, high)


def _beyond(
    structures: Sequence[CellFields], values: Sequence[Values], shown: Sequence[NDArray[np.bool_]], low: float, high: float
) -> tuple[bool, bool]:
    """Whether values lie below or above a range by more than 2 % of its width."""
    seen = [v[s[f.nodes.region]] for f, v, s in zip(structures, values, shown, strict=True)]
    slack = 0.02 * (high - low)
    return bool(min(np.nanmin(v) for v in seen) < low - slack), bool(max(np.nanmax(v) for v in seen) > high + slack)


def _stress_range(structures: Sequence[CellFields], values: Sequence[Values]) -> tuple[list[NDArray[np.bool_]], float, float]:
    """Regions with colours for a stress, and its range: that of the SEI, and of the core as far as it is no larger in size."""
    sei, solid = [_only_sei(fields) for fields in structures], [_not_electrolyte(fields) for fields in structures]
    low, high, _ = _joint_range(structures, values, sei)
    least, most, _ = _joint_range(structures, values, solid)
    reach, whole = max(abs(low), abs(high)), max(abs(least), abs(most))
    if reach < _NO_STRESS * whole:
        return solid, least, most
    if whole > _MUCH_LARGER * reach:
        return sei, low, high
    return solid, min(low, max(least, -reach)), max(high, min(most, reach))


def _where(shown: Sequence[NDArray[np.bool_]], structures: Sequence[CellFields]) -> str:
    """Words for a title, where the core has no colours."""
    return "" if (_only_core(structures[0]) & shown[0]).any() else " in the SEI"


def scaled_by(fields: CellFields, shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which of the regions shown set the colours: the SEI, where it is shown beside the core."""
    sei = _only_sei(fields) & shown
    return sei if sei.any() and (_only_core(fields) & shown).any() else shown


def _headroom(
    structures: Sequence[CellFields],
    values: Sequence[Values],
    shown: Sequence[NDArray[np.bool_]],
    high: float,
) -> float:
    """Upper end for a field that is uniform, which would otherwise be one flat patch of the last colour."""
    median = max(robust_range(f, v, s, 0.5)[1] for f, v, s in zip(structures, values, shown, strict=True))
    return 1.5 * median if median > 0 and high < 1.2 * median else high


def _round_up(high: float) -> float:
    """Next number with two digits, so that the colour bar ends at a tick or close to one."""
    if high <= 0:
        return 1.0
    step = 10.0 ** (math.floor(math.log10(high)) - 1)
    return math.ceil(high / step * (1 - 1e-9)) * step


def _extend(below: bool, above: bool) -> str:
    return "both" if below and above else "min" if below else "max" if above else "neither"


def _mean(fields: CellFields, values: Values, regions: NDArray[np.bool_]) -> float:
    inside = regions[fields.region]
    return float(np.average(values[fields.nodes.cells[inside, 3:]].mean(axis=1), weights=fields.areas[inside]))


def _means(means: Sequence[float]) -> str:
    texts = dict.fromkeys(f"{mean / 1e3:.4g}" for mean in means)
    return "/".join(texts) + " kmol/m³"


def _only_core(fields: CellFields) -> NDArray[np.bool_]:
    return np.array([name in ("core", *fields.mesh.core_regions) for name in fields.region_names])


def _not_electrolyte(fields: CellFields) -> NDArray[np.bool_]:
    return np.array([name != "electrolyte" for name in fields.region_names])


def _only_sei(fields: CellFields) -> NDArray[np.bool_]:
    return ~_only_core(fields) & _not_electrolyte(fields)
