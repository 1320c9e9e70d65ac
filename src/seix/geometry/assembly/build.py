"""The microstructure around all particles of an assembly: each connected piece of SEI is packed on its own.

In space particles lie apart, so each of them has the SEI of a whole round particle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.assembly.band import AssemblyBand, stream
from seix.geometry.assembly.frame import AssemblyFrame
from seix.geometry.packing import pack_layer
from seix.geometry.solid import SolidParticleFrame

if TYPE_CHECKING:
    from seix.geometry.grains import LayerGrains
    from seix.geometry.layers import LayerShape


def pack_assembly(layers: list[LayerShape], frame: AssemblyFrame, names: list[str], seed: int) -> list[np.ndarray]:
    """Round grains of all layers around all particles.

    Parameters
    ----------
    layers : list of LayerShape
    frame : AssemblyFrame
    names : list of str
        Grain materials.
    seed : int
        Each group of particles has a stream of its own that follows from it.

    Returns
    -------
    list of ndarray
        `centres` (n, dim), `radii` (n,), `phase` (n,) and `layer` (n,).

    Raises
    ------
    GeometryError
        If the grains of a group cannot be packed.
    """
    found = [(np.empty((0, frame.dim)), np.empty(0), np.empty(0, int), np.empty(0, int))]
    groups = frame.sei_groups
    for group in range(len(groups)):
        members = np.flatnonzero(groups.label == group)
        for index, layer in enumerate(layers):
            if not layer.fractions:
                continue
            band = AssemblyBand(frame.bodies, members, layer.inner, layer.outer, layer.gaps, layer.gap)
            grains = _packed(members, layer, band, stream(seed, group), index, len(layers))
            phase = np.array([names.index(name) for name in layer.fractions])[grains.phase]
            found.append((grains.centres, grains.radii, phase, np.full(len(phase), index)))
    return [np.concatenate(column) for column in zip(*found, strict=True)]


def pack_apart(frame: AssemblyFrame, seed: int, pack: Callable) -> tuple[list[np.ndarray], list]:
    """Grains around particles in space that lie apart, round or cellular.

    Parameters
    ----------
    frame : AssemblyFrame
    seed : int
        Each particle has a stream of its own that follows from it.
    pack : callable
        Grains and shapes of all layers around one particle about the origin, from its `SolidParticleFrame` and seed.

    Returns
    -------
    grains : list of ndarray
        `centres` (n, 3), `radii` (n,), `phase` (n,), `layer` (n,) and `side` (n,), one particle after the other.
    shapes : list
        As `join_shapes` takes them.

    Raises
    ------
    GeometryError
        If the grains of a particle cannot be packed.
    """
    found, shapes = [], []
    for body, (centre, radius) in enumerate(zip(frame.bodies.centres, frame.bodies.radii.tolist(), strict=True)):
        own = SolidParticleFrame(radius, frame.sei_thickness, frame.electrolyte_depth)
        try:
            (centres, *columns), more = pack(own, stream(seed, body))
        except GeometryError as error:
            raise GeometryError(f"around particle {body + 1}: {error}") from None
        found.append((centres + centre, *columns))
        shapes += more
    return [np.concatenate(column) for column in zip(*found, strict=True)], shapes


def _packed(members: np.ndarray, layer: LayerShape, band: AssemblyBand, seed: int, index: int, count: int) -> LayerGrains:
    """Grains of one layer, with errors that name the particles."""
    try:
        return pack_layer(layer, band, seed, index, count)
    except GeometryError as error:
        who = ", ".join(str(member + 1) for member in members)
        raise GeometryError(f"around particle{'s' * (len(members) > 1)} {who}: {error}") from None
