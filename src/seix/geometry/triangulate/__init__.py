"""A constrained Delaunay refinement of its own, for plane structures with many grains: linear in the grains.

- `predicates`, `topology`: exact signs on an integer grid, half-edges, insertion of a vertex
- `delaunay`: triangulation of given points and segments, and its regions
- `judging`, `refinement`: new vertices until all cells have their size and shape
- `state`, `collect`: the arrays, and how they become a mesh
- `planar`: `PlanarGraph` in, `Triangulation` out
- `curves`, `boundaries`, `near`, `sampling`: the curves of a structure, and points along them at the distances that gaps ask for
- `graph`: the planar graph of a structure
- `mesh2d`: a structure in, second-order cells out

The kernels are compiled by numba when they are first used and kept on disk. A kept function does not notice that one it
calls has changed in another module: after editing a kernel, delete the `*.nbi` files in `__pycache__`.
"""

from seix.geometry.triangulate.graph import StructureGraph, structure_graph
from seix.geometry.triangulate.mesh2d import mesh2d, second_order
from seix.geometry.triangulate.planar import PlanarGraph, Triangulation, refine

__all__ = ["PlanarGraph", "StructureGraph", "Triangulation", "mesh2d", "refine", "second_order", "structure_graph"]
