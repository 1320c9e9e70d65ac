"""Microstructures and their meshes, in nanometres; `layers` converts once from the metres of a scenario.

- `layers`: scenario to `Structure`, that is layers, packed grains and statistics
- `patch`, `particle`: the two outer shapes with their coordinates, and their layers as packing spaces
- `grains`, `packing`: how many grains of which size, and where
- `sizing`: how large the cells are
- `outline`, `gmsh_session`: curves and surfaces, and the mesher
- `quality`, `checks`: Jacobians, areas, angles, and what a mesh must satisfy
- `meshing`: the chain, and `TaggedMesh`
- `key`, `cache`, `msh_file`: meshes on disk
"""
