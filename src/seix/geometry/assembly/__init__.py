"""Several particles with their SEI in one box of electrolyte, periodic in plane.

- `bodies`: the cores, which of them touch, and the measure of their union
- `placing`: cores from a scenario, listed or placed at random
- `frame`, `band`: the coordinates of the assembly, and the layers of a group of particles as a space to pack grains in
- `build`: the microstructure around all particles
- `arcs`, `graph`: their curves cut at corners and at the periodic sides, and the planar graph for the mesher
"""
