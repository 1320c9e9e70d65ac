"""The mesh that geometry hands to all others; apart from what makes it, which takes a second to load."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass
class TaggedMesh:
    """A mesh with names; lengths in nanometres.

    Attributes
    ----------
    points : ndarray (n, dim)
        Vertices and mid-edge nodes [nm].
    cells : ndarray (m, 6) or (m, 10) of int64
        Second-order triangles: three vertices counter-clockwise, then the mid nodes of the edges opposite to
        vertex 0, 1 and 2. Second-order tetrahedra: four vertices, then the mid nodes of the edges 23, 13, 12, 03, 02, 01.
    region : ndarray (m,) of int32
        Index into `region_names`.
    grain : ndarray (m,) of int32
        Number of the grain or core domain, -1 outside; the two halves of a grain on a periodic side share one number.
    layer : ndarray (m,) of int32
        Layer of the SEI from the core outwards, -1 outside the SEI.
    region_names : list of str
        `core`, `electrolyte`, the materials of the SEI, then those of domains in the core, then `binder`.
    kind : str
        `patch`, `particle` or `particles`.
    period : float or None
        Of a patch; it spans x (and y in space) from 0 to here, with core|SEI at 0 of the last axis; edge of the box of
        several particles [nm].
    sector : float or None
        Angle of a sector, from the x axis [rad]; None for a whole particle or a patch.
    core_size : float
        Depth of the core of a patch, radius of that of a particle [nm].
    sei_thickness, electrolyte_depth : float
        [nm]
    mirrors : ndarray (k, dim)
        Inward unit normals of the mirror planes of a particle, all through the origin.
    bodies : ndarray (b, dim + 1)
        Centre and core radius of each of several particles, in a box from 0 to `period` along all axes [nm]; empty otherwise.
    statistics : dict
        Of the structure and of the mesh, ready for JSON, lengths in metres.
    key : str
        Hash of everything the mesh depends on.
    core_regions : list of str
        Names of the regions that are domains in the core.
    binder : float
        Thickness of the film of binder on the SEI of several particles, 0 for none [nm].
    """

    points: np.ndarray
    cells: np.ndarray
    region: np.ndarray
    grain: np.ndarray
    layer: np.ndarray
    region_names: list[str]
    kind: str
    period: float | None
    sector: float | None
    core_size: float
    sei_thickness: float
    electrolyte_depth: float
    mirrors: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    bodies: np.ndarray = field(default_factory=lambda: np.empty((0, 3)))
    statistics: dict = field(default_factory=dict)
    key: str = ""
    core_regions: list[str] = field(default_factory=list)
    binder: float = 0.0

    @property
    def dim(self) -> int:
        """2 or 3."""
        return self.points.shape[1]
