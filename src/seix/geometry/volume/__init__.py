"""Meshes of grains in space: ready-made grains between plane sides and walls, the rest filled by Gmsh's HXT."""
