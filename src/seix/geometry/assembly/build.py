"""The microstructure around all particles of an assembly: each connected piece of SEI is packed on its own.

A particle in space that touches no other has the SEI of a whole round particle, with cellular grains if they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from seix.errors import GeometryError
from seix.geometry.assembly.band import AssemblyBand, stream
from seix.geometry.assembly.frame import AssemblyFrame
from seix.geometry.packing import pack_layer
from seix.geometry.patch import FREE
from seix.geometry.solid import SolidParticleFrame

if TYPE_CHECKING:
    from seix.geometry.layers import LayerShape


def pack_assembly(layers: list[LayerShape], frame: AssemblyFrame, names: list[str], seed: int, pack: Callable) -> tuple:
    """Grains of all layers around all particles.

    Parameters
    ----------
    layers : list of LayerShape
    frame : AssemblyFrame
    names : list of str
        Grain materials.
    seed : int
        Each group of particles has a stream of its own that follows from it.
    pack : callable
        Grains and shapes of all layers around one particle in space about the origin, from its `SolidParticleFrame` and seed.

    Returns
    -------
    grains : list of ndarray
        `centres` (n, dim), `radii` (n,), `phase` (n,), `layer` (n,) and `side` (n,), one group after the other.
    shapes : list
        As `join_shapes` takes them; those of cellular grains around particles in space that touch no other.

    Raises
    ------
    GeometryError
        If the grains of a group cannot be packed.
    """
    found = [(np.empty((0, frame.dim)), np.empty(0), np.empty(0, int), np.empty(0, int), np.empty(0, int))]
    shapes, groups = [], frame.sei_groups
    for group in range(len(groups)):
        members = np.flatnonzero(groups.label == group)
        own = stream(seed, group)
        try:
            if frame.dim == 3 and len(members) == 1:
                (centre,), (radius,) = frame.bodies.centres[members], frame.bodies.radii[members].tolist()
                (centres, *columns), more = pack(SolidParticleFrame(radius, frame.sei_thickness, frame.electrolyte_depth), own)
                found.append((centres + centre, *columns))
                shapes += more
            else:
                found += [_round(members, layers, k, frame, names, own) for k, layer in enumerate(layers) if layer.fractions]
        except GeometryError as error:
            who = ", ".join(str(member + 1) for member in members)
            raise GeometryError(f"around particle{'s' * (len(members) > 1)} {who}: {error}") from None
    return [np.concatenate(column) for column in zip(*found, strict=True)], shapes


def _round(members: np.ndarray, layers: list[LayerShape], index: int, frame: AssemblyFrame, names: list[str], seed: int) -> tuple:
    """Round grains of one layer around one group of particles."""
    layer = layers[index]
    band = AssemblyBand(frame.bodies, members, layer.inner, layer.outer, layer.gaps, layer.gap)
    grains = pack_layer(layer, band, seed, index, len(layers))
    phase = np.array([names.index(name) for name in layer.fractions])[grains.phase]
    return grains.centres, grains.radii, phase, np.full(len(phase), index), np.full(len(phase), FREE)
