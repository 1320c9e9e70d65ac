"""Edge lengths that the next mesh of a structure shall have, given on an earlier one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class WantedSizes:
    """Edge lengths that a mesh shall have at most, besides what the mesh controls ask for.

    In the plane they are given at the vertices of an earlier mesh of the same structure and are linear in between; they should
    change by no more than the slope of the mesher. In space they are those of its cells: what is nearest to the centre of a cell
    counts.

    Attributes
    ----------
    points : ndarray (n, dim)
        Vertices, or centres of cells [nm].
    cells : ndarray (t, dim + 1) of int64
        Triangles, counter-clockwise; none in space.
    sizes : ndarray (n,)
        Wanted edge length at each point [nm]; infinite where nothing is asked for.
    """

    points: np.ndarray
    cells: np.ndarray
    sizes: np.ndarray
