"""Meshes of grains in space: ready-made grain surfaces, plane sides and walls, filled by Gmsh's HXT."""
