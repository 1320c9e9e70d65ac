"""Numbers that describe a packed structure, for the record: lengths in metres, ready for JSON.

Cheap ones for every structure here; distributions, correlations, profiles and connections are in
`seix.geometry.stats` and come with :func:`full_statistics`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.patch import FREE
from seix.geometry.stats.grains import Grains
from seix.geometry.stats.neighbours import nearest_gaps

if TYPE_CHECKING:
    from seix.geometry.layers import Structure


def structure_statistics(structure: Structure, per_metre: float) -> dict:
    """Fractions, counts, diameters, gaps and interfaces, over the SEI, by phase and by layer.

    Parameters
    ----------
    structure : Structure
    per_metre : float
        Units of length of the structure in a metre.

    Returns
    -------
    dict
        `sei` and `phases.<name>` and `layers[k]`, each with `asked_fraction`, `fraction`, `grains` (number; a
        grain cut by a symmetry plane counts one half), `diameter` {mean, std, min, max} (of the disc of equal area
        or the sphere of equal volume) and, in the plane, `interface_length` (of grains inside the domain, with
        matrix and with each other) [m]; `sei` and layers also with `gap` {min, median, mean} (distance of a grain
        to its nearest neighbour, surface to surface) [m] and `interface_per_area` [1/m]; `core_sei_length` [m];
        `grains_on_sides`. In space these are `interface_area` [m2], `interface_per_volume` [1/m] and
        `core_sei_area` [m2].
    """
    frame, layers, grains = structure.frame, structure.layers, Grains.of(structure)
    measures = np.array([frame.measure(layer.inner, layer.outer) for layer in layers])
    asked = [[layer.fractions.get(name, 0.0) for name in structure.phase_names] for layer in layers]
    wanted = measures[:, None] * np.array(asked).reshape(len(layers), len(structure.phase_names))
    gaps = nearest_gaps(grains)

    def describe(chosen: np.ndarray, measure: float, wanted: float, with_gaps: bool) -> dict:
        return _describe(grains.where(chosen), measure, wanted, gaps[chosen] if with_gaps else None, per_metre)

    everything = np.ones(len(grains), bool)
    width = "core_sei_length" if frame.dim == 2 else "core_sei_area"
    return {
        width: frame.width / per_metre ** (frame.dim - 1),
        "grains_on_sides": int((structure.side != FREE).sum()),
        "sei": describe(everything, measures.sum(), wanted.sum(), True),
        "phases": {
            name: describe(structure.phase == p, measures.sum(), wanted[:, p].sum(), False)
            for p, name in enumerate(structure.phase_names)
        },
        "layers": [
            {"thickness": layer.thickness / per_metre, "matrix": layer.matrix}
            | describe(structure.layer == k, measures[k], wanted[k].sum(), True)
            for k, layer in enumerate(layers)
        ],
    }


def full_statistics(structure: Structure, per_metre: float = 1e9, samples: int = 1 << 16) -> dict:
    """Everything `seix mesh --stats` reports beyond :func:`structure_statistics`.

    See :func:`seix.geometry.stats.full.full_statistics`, which is loaded only when it is asked for.
    """
    from seix.geometry.stats.full import full_statistics as measured

    return measured(structure, per_metre, samples)


def _describe(grains: Grains, measure: float, wanted: float, gaps: np.ndarray | None, per_metre: float) -> dict:
    surface = float((grains.weights * grains.surfaces).sum())
    whole, part = ("interface_length", "interface_per_area") if grains.dim == 2 else ("interface_area", "interface_per_volume")
    found = {
        "asked_fraction": float(wanted / measure),
        "fraction": float((grains.weights * grains.measures).sum() / measure),
        "grains": float(grains.weights.sum()),
        whole: surface / per_metre ** (grains.dim - 1),
    }
    if len(grains):
        diameter = grains.diameters / per_metre
        found["diameter"] = {"mean": float(diameter.mean()), "std": float(diameter.std()),
                             "min": float(diameter.min()), "max": float(diameter.max())}  # fmt: skip
    if gaps is not None:
        found[part] = surface / measure * per_metre
        near = gaps[np.isfinite(gaps)] / per_metre
        if len(near):
            found["gap"] = {
                "min": float(near.min()),
                "median": float(np.median(near)),
                "mean": float(near.mean()),
            }
    return found
