"""The problems of the solver race: meshes with inclusions and their data, the same for every code.

A mesh is a file (NumPy npz) with ``points`` (n, dim), ``cells`` (m, dim + 1; straight simplices), ``region`` (m,; 1 in the
inclusions, 0 in the matrix). The domain is the unit square or cube. Every code reads it, and writes ``values`` at the
vertices in the order of ``points``: displacement (n, dim) or potential (n,).

Elasticity: the inclusions are stiffer and want to grow by :data:`EIGENSTRAIN`, the bottom is held (plane strain in 2D).
Conduction: potential 0 at the bottom and 1 at the top; the inclusions insulate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

YOUNG = (0.5, 65.0)
POISSON = (0.35, 0.2)
EIGENSTRAIN = 0.01
CONDUCTIVITY = (1.0, 1e-3)
"""Values in the matrix and in the inclusions."""
TOLERANCE = 1e-8
"""Relative residual of the iterative solvers."""


@dataclass(frozen=True)
class Geometry:
    """Unit square or cube with equal inclusions at random places.

    Attributes
    ----------
    dim, inclusions : int
    fraction : float
        Area or volume fraction of the inclusions.
    size : float
        Edge length of the cells.
    """

    dim: int
    inclusions: int
    fraction: float
    size: float


GEOMETRIES = {
    "slab_xs": Geometry(2, 20, 0.2, 0.035),
    "slab_s": Geometry(2, 500, 0.43, 0.0069),
    "slab_m": Geometry(2, 2000, 0.43, 0.00344),
    "slab_l": Geometry(2, 2000, 0.43, 0.00144),
    "cube_xs": Geometry(3, 30, 0.11, 0.105),
    "cube_s": Geometry(3, 30, 0.11, 0.0490),
    "cube_k": Geometry(3, 30, 0.11, 0.0320),
    "cube_m": Geometry(3, 30, 0.11, 0.0236),
    "cube_n": Geometry(3, 30, 0.11, 0.0204),
    "cube_l": Geometry(3, 30, 0.11, 0.0138),
}


@dataclass(frozen=True)
class Problem:
    """One problem of the race.

    Attributes
    ----------
    mesh : str
        Key of :data:`GEOMETRIES`.
    kind : {"elasticity", "conduction"}
    degree : int
        Of the Lagrange elements.
    """

    mesh: str
    kind: str
    degree: int
    young: tuple[float, float] = YOUNG
    conductivity: tuple[float, float] = CONDUCTIVITY

    @property
    def dim(self) -> int:
        """Dimension of space."""
        return GEOMETRIES[self.mesh].dim

    def with_contrast(self, contrast: float) -> Problem:
        """The same with another ratio of the inclusions' value to that of the matrix."""
        return replace(
            self,
            young=(self.young[0], self.young[0] * contrast),
            conductivity=(self.conductivity[0], self.conductivity[0] * contrast),
        )


def centres(geometry: Geometry) -> tuple[np.ndarray, float]:
    """Centres and radius of inclusions that neither touch each other nor the sides."""
    dim, count = geometry.dim, geometry.inclusions
    radius = (geometry.fraction / count / (np.pi if dim == 2 else 4 * np.pi / 3)) ** (1 / dim)
    rng = np.random.default_rng(1)
    gap = 0.15 * radius
    cells: dict[tuple[int, ...], list[np.ndarray]] = {}
    width, found = 2 * radius + gap, []
    around = [np.array(o) - 1 for o in np.ndindex(*(3,) * dim)]
    while len(found) < count:
        x = rng.uniform(radius + gap, 1 - radius - gap, dim)
        key = np.floor(x / width).astype(int)
        near = [y for o in around for y in cells.get(tuple(key + o), [])]
        if all(np.linalg.norm(x - y) > width for y in near):
            cells.setdefault(tuple(key), []).append(x)
            found.append(x)
    return np.array(found), radius


def make_mesh(geometry: Geometry) -> dict[str, np.ndarray]:
    """Mesh of a geometry by Gmsh."""
    import gmsh

    dim = geometry.dim
    places, radius = centres(geometry)
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        occ = gmsh.model.occ
        box = occ.addRectangle(0, 0, 0, 1, 1) if dim == 2 else occ.addBox(0, 0, 0, 1, 1, 1)
        bodies = [(dim, occ.addDisk(*x, 0, radius, radius) if dim == 2 else occ.addSphere(*x, radius)) for x in places]
        _, parts = occ.fragment([(dim, box)], bodies)
        occ.synchronize()
        inside = {tag for part in parts[1:] for _, tag in part}
        gmsh.option.setNumber("Mesh.MeshSizeMin", geometry.size)
        gmsh.option.setNumber("Mesh.MeshSizeMax", geometry.size)
        gmsh.option.setNumber("Mesh.Algorithm3D", 10)
        gmsh.model.mesh.generate(dim)
        tags, x, _ = gmsh.model.mesh.getNodes()
        cells, region = [], []
        for _, tag in gmsh.model.getEntities(dim):
            _, _, nodes = gmsh.model.mesh.getElements(dim, tag)
            cells.append(nodes[0].reshape(-1, dim + 1))
            region.append(np.full(len(cells[-1]), int(tag in inside), dtype=np.int8))
    finally:
        gmsh.finalize()
    used, numbered = np.unique(np.concatenate(cells), return_inverse=True)
    place = np.searchsorted(tags, used, sorter=np.argsort(tags))
    points = x.reshape(-1, 3)[np.argsort(tags)[place], :dim]
    return {"points": points, "cells": numbered.reshape(-1, dim + 1), "region": np.concatenate(region)}


def mesh_file(name: str, folder: Path) -> Path:
    """File of a mesh, made if it is missing."""
    path = folder / f"{name}.npz"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(path, **make_mesh(GEOMETRIES[name]))
    return path


if __name__ == "__main__":
    import sys

    for name in sys.argv[2:]:
        data = np.load(mesh_file(name, Path(sys.argv[1])))
        print(name, data["points"].shape, data["cells"].shape, data["region"].mean())
