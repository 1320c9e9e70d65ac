"""Cells between given surfaces by Gmsh's HXT.

Marot, Pellerin, Remacle, One machine, one minute, three billion tetrahedra, Int. J. Numer. Methods Eng. 117 (2019) 967,
doi:10.1002/nme.5987. All surfaces are handed over in one file: through the interface of the library the time would
grow with the square of their number.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from seix.errors import GeometryError
from seix.geometry.volume.surfaces import Surfaces

HXT = 10
TETRAHEDRON = 4
"""Gmsh element type."""
OPTIONS = {
    "Mesh.Algorithm3D": HXT,
    "Mesh.MeshSizeExtendFromBoundary": 1,  # sizes inside follow those of the surfaces around
    "Mesh.Renumber": 0,  # nodes keep the numbers they were given
}


def fill(gmsh, surfaces: Surfaces, threshold: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fill all volumes.

    Parameters
    ----------
    gmsh : module
        A running Gmsh.
    surfaces : Surfaces
    threshold : float
        Quality below which HXT improves cells; the time rises steeply with it.

    Returns
    -------
    points : ndarray (n, 3)
        Those of the surfaces, followed by new ones.
    cells : ndarray (m, 4)
        Vertices, positive volumes.
    volume : ndarray (m,)
        Volume of each cell.

    Raises
    ------
    GeometryError
        If Gmsh leaves a volume empty or moves a surface.
    """
    points, faces, owner = surfaces.arrays()
    gmsh.model.add("volume")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "surfaces.msh"
        write_surfaces(path, points, faces, owner)
        gmsh.merge(str(path))
    geo = gmsh.model.geo
    for k, volume in enumerate(surfaces.volumes):
        geo.addVolume([geo.addSurfaceLoop([number + 1 for number in volume])], tag=k + 1)
    geo.synchronize()
    for option, value in OPTIONS.items():
        gmsh.option.setNumber(option, value)
    gmsh.option.setNumber("Mesh.OptimizeThreshold", threshold)
    gmsh.model.mesh.generate(3)
    return _read(gmsh, points, len(surfaces.volumes))


def write_surfaces(path: Path, points: np.ndarray, faces: np.ndarray, owner: np.ndarray) -> None:
    """Write triangles as a binary MSH 2.2 file, each surface under its number plus one."""
    node = np.empty(len(points), dtype=[("tag", "<i4"), ("x", "<f8", 3)])
    node["tag"], node["x"] = np.arange(1, len(points) + 1), points
    rows = np.column_stack([np.arange(1, len(faces) + 1), np.zeros(len(faces), int), owner + 1, faces + 1])
    with path.open("wb") as file:
        file.write(b"$MeshFormat\n2.2 1 8\n" + np.array([1], "<i4").tobytes() + b"\n$EndMeshFormat\n")
        file.write(b"$Nodes\n%d\n" % len(points) + node.tobytes() + b"\n$EndNodes\n")
        # element type 2 with two tags, of which the second is the surface
        file.write(b"$Elements\n%d\n" % len(faces) + np.array([2, len(faces), 2], "<i4").tobytes())
        file.write(rows.astype("<i4").tobytes() + b"\n$EndElements\n")


def _read(gmsh, points: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    tags, xyz, _ = gmsh.model.mesh.getNodes()
    given = len(points)
    position = np.full(int(tags.max()) + 1, -1)
    inner = tags > given
    position[1 : given + 1] = np.arange(given)
    position[tags[inner]] = given + np.arange(inner.sum())
    xyz = xyz.reshape(-1, 3)
    kept = tags[~inner].astype(np.int64) - 1
    if not np.array_equal(xyz[~inner], points[kept]):
        raise GeometryError("Gmsh has moved nodes of the surfaces it was given")
    blocks = [gmsh.model.mesh.getElementsByType(TETRAHEDRON, k + 1)[1] for k in range(count)]
    number = np.array([len(block) // 4 for block in blocks])
    if (number == 0).any():
        raise GeometryError(f"Gmsh has left {int((number == 0).sum())} of {count} regions without cells")
    cells = position[np.concatenate(blocks).astype(np.int64)].reshape(-1, 4)
    points = np.concatenate([points, xyz[inner]])
    a, b, c, d = (points[cells[:, k]] for k in range(4))
    negative = np.einsum("ci,ci->c", b - a, np.cross(c - a, d - a)) < 0.0
    cells[negative] = cells[negative][:, [0, 2, 1, 3]]
    return points, cells, np.repeat(np.arange(count), number)
