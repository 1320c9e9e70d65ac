"""Numbers that describe a packed structure, for the record: lengths in metres, ready for JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from seix.geometry.patch import FREE

if TYPE_CHECKING:
    from seix.geometry.layers import Structure

NEIGHBOURS = 16
"""Nearest centres looked at for the nearest surface: enough for grains of unequal size."""


def structure_statistics(structure: Structure, per_metre: float) -> dict:
    """Fractions, counts, diameters, gaps and interface lengths, over the SEI, by phase and by layer.

    Parameters
    ----------
    structure : Structure
    per_metre : float
        Units of length of the structure in a metre.

    Returns
    -------
    dict
        `sei` and `phases.<name>` and `layers[k]`, each with `asked_fraction`, `fraction`, `grains` (number; a
        grain cut by a symmetry ray counts one half), `diameter` {mean, std, min, max} and `interface_length`
        (of grains and matrix inside the domain) [m]; `sei` and layers also with `gap` {min, median, mean}
        (distance of a grain to its nearest neighbour, surface to surface) [m] and `interface_per_area` [1/m];
        `core_sei_length` [m].
    """
    frame, layers = structure.frame, structure.layers
    areas = np.array([frame.measure(layer.inner, layer.outer) for layer in layers])
    asked = [[layer.fractions.get(name, 0.0) for name in structure.phase_names] for layer in layers]
    asked_area = areas[:, None] * np.array(asked).reshape(len(layers), len(structure.phase_names))
    gaps = nearest_gaps(structure)
    everything = np.ones(len(structure.radii), bool)

    def describe(chosen: np.ndarray, area: float, wanted: float, with_gaps: bool) -> dict:
        return _describe(structure, chosen, area, wanted, gaps if with_gaps else None, per_metre)

    return {
        "core_sei_length": frame.width / per_metre,
        "grains_on_sides": int((structure.side != FREE).sum()),
        "sei": describe(everything, areas.sum(), asked_area.sum(), True),
        "phases": {
            name: describe(structure.phase == p, areas.sum(), asked_area[:, p].sum(), False)
            for p, name in enumerate(structure.phase_names)
        },
        "layers": [
            {"thickness": layer.thickness / per_metre, "matrix": layer.matrix}
            | describe(structure.layer == k, areas[k], asked_area[k].sum(), True)
            for k, layer in enumerate(layers)
        ],
    }


def nearest_gaps(structure: Structure) -> np.ndarray:
    """Distance (n,) from each grain to its nearest neighbour or image by surfaces; inf for a lone grain."""
    centres, radii = structure.centres, structure.radii
    if not len(radii):
        return np.empty(0)
    images, source = structure.frame.copies(centres)
    count = min(NEIGHBOURS, len(images))
    distance, index = cKDTree(images).query(centres, k=[*range(1, count + 1)])
    gap = distance - radii[source[index]] - radii[:, None]
    # a grain is not its own neighbour, nor is its mirror image when it sits on the mirror
    gap[distance < 1e-6 * radii[:, None]] = np.inf
    return gap.min(axis=1)


def _describe(structure: Structure, chosen: np.ndarray, area: float, wanted: float, gaps: np.ndarray | None,
              per_metre: float) -> dict:  # fmt: skip
    radii, weight = structure.radii[chosen], structure.weights[chosen]
    length = 2.0 * math.pi * float((weight * radii).sum())
    found = {
        "asked_fraction": float(wanted / area),
        "fraction": float(math.pi * (weight * radii**2).sum() / area),
        "grains": float(weight.sum()),
        "interface_length": length / per_metre,
    }
    if len(radii):
        diameter = 2.0 * radii / per_metre
        found["diameter"] = {"mean": float(diameter.mean()), "std": float(diameter.std()),
                             "min": float(diameter.min()), "max": float(diameter.max())}  # fmt: skip
    if gaps is not None:
        found["interface_per_area"] = length / area * per_metre
        near = gaps[chosen]
        near = near[np.isfinite(near)] / per_metre
        if len(near):
            found["gap"] = {
                "min": float(near.min()),
                "median": float(np.median(near)),
                "mean": float(near.mean()),
            }
    return found
