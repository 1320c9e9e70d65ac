"""Meshes of grains in space: ready-made grains between plane sides and walls, the rest filled by Gmsh's HXT."""

from seix.geometry.volume.expected import estimated_cells
from seix.geometry.volume.mesh3d import mesh3d
from seix.geometry.volume.solid_mesh import solid_mesh

__all__ = ["estimated_cells", "mesh3d", "solid_mesh"]
