"""Stiffness of a film and what follows from it."""

from __future__ import annotations

import numpy as np

from ..analysis.quantity import Quantity
from ..scales import LENGTH
from .bounds import stiffness_bounds
from .film import Film, Row
from .homogenise import stiffness
from .moduli import averaged_in_plane, engineering, hill, indentation_modulus
from .reading import Column, Reading

NOISE = 1e-12
"""Components of a stiffness over its largest one that are rounding: they vanish by symmetry."""


def stiffness_rows(film: Film, reading: Reading) -> list[Row]:
    """Moduli with bounds (collective).

    Parameters
    ----------
    film : Film
    reading : Reading
        Gets the components of the tensor, the moduli of pieces in all orientations, and the tensors of the layers.
    """
    young, poisson = (film.phases(name, film.temperature) for name in ("youngs_modulus", "poisson_ratio"))
    responses = [stiffness(film.cell, young, poisson, faces, film.preset) for faces in film.faces]
    tensors = [response.tensor for response in responses]
    reading.record["reciprocity"]["stiffness"] = max(response.reciprocity for response in responses)
    reading.record.setdefault("tensors", {})["stiffness"] = tensors[0].tolist()
    _components(tensors[0], reading)
    _layers(film, responses[0].layer_tensors(), reading)
    moduli = [_moduli(film.dim, tensor) for tensor in tensors]
    limits = {
        name: _moduli(film.dim, tensor) for name, tensor in stiffness_bounds(film.layers, young, poisson, film.dim).items()
    }
    rows = []
    for name, value in moduli[0].items():
        bounds = {bound: found[name] for bound, found in limits.items() if np.isfinite(found[name])}
        rows.append(Row(name, "Pa", value, moduli[1][name] if len(moduli) > 1 else None, bounds))
    return rows


def _moduli(dim: int, tensor: np.ndarray) -> dict[str, float]:
    """Engineering moduli; in space of the film turned in all ways in its plane."""
    if dim == 2:
        return engineering(tensor)
    mean = averaged_in_plane(tensor)
    return engineering(mean) | {"indentation_modulus.through": indentation_modulus(mean)}


def _components(tensor: np.ndarray, reading: Reading) -> None:
    """The tensor, and the moduli of many pieces of it in all orientations."""
    largest = np.abs(tensor).max()
    for i in range(6):
        for j in range(i, 6):
            value = float(tensor[i, j]) if abs(tensor[i, j]) > NOISE * largest else 0.0
            reading.quantities[f"effective.stiffness.c{i + 1}{j + 1}"] = Quantity(value, "Pa")
    bulk, shear = hill(tensor)
    young = 9 * bulk * shear / (3 * bulk + shear)
    for name, value in (("bulk_modulus", bulk), ("shear_modulus", shear), ("youngs_modulus", young)):
        reading.quantities[f"effective.isotropic.{name}"] = Quantity(value, "Pa")
    reading.quantities["effective.isotropic.poisson_ratio"] = Quantity(young / (2 * shear) - 1, "1")


def _layers(film: Film, tensors: dict[int, np.ndarray], reading: Reading) -> None:
    """Table of the layers, from the core outwards, and their tensors."""
    columns = [
        Column("layer", "1", [number + 1 for number in tensors]),
        Column("thickness", "m", [share * film.cell.size * LENGTH for share, _ in film.layers]),
    ]
    for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2), (3, 3), (4, 4), (5, 5)):
        columns.append(Column(f"c{i + 1}{j + 1}", "Pa", [float(tensor[i, j]) for tensor in tensors.values()]))
    reading.tables["effective_layers"] = columns
    reading.record["layer_stiffness"] = [tensor.tolist() for tensor in tensors.values()]
