"""Meshes refined where it pays for one quantity, until its estimated error is small enough.

- `recovery`: a continuous field from the discontinuous one of finite elements, and their distance
- `sizes`: how large the cells of the next mesh shall be
- `target`: which quantity is asked for, its value and how much each place matters to it
- `sequence`: estimates, decides, and keeps the history
"""
