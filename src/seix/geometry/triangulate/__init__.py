"""A constrained Delaunay refinement of its own, for plane structures with many grains: linear in the grains.

- `predicates`, `topology`: exact signs on an integer grid, half-edges, insertion of a vertex
- `delaunay`: triangulation of given points and segments, and its regions
- `refinement`: new vertices until all cells have their size and shape
- `state`, `collect`: the arrays, and how they become a mesh
- `planar`: `PlanarGraph` in, `Triangulation` out
"""

from seix.geometry.triangulate.planar import PlanarGraph, Triangulation, refine

__all__ = ["PlanarGraph", "Triangulation", "refine"]
