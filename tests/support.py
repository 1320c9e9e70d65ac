"""Small meshes and parameters for tests."""

from __future__ import annotations

import itertools

import numpy as np

from seix.verification.coupled import parameters, solved
from seix.verification.plane_meshes import Strip, ring, second_order, strip

SMALL_BILAYER = """
title: small bilayer
geometry: { kind: patch, period: 30 nm, core_depth: 5 nm, electrolyte_depth: 5 nm }
sei:
  structure: bilayer
  thickness: 20 nm
  inner_thickness: 12 nm
  matrix: organic_polymer
"""
"""Top of a scenario whose grains and mesh follow."""

SMALL_SOLID = """
title: small film in space
geometry: { kind: patch, dimension: 3, period: 12 nm, core_depth: 3 nm, electrolyte_depth: 3 nm }
sei:
  structure: multilayer
  layers: 1
  thickness: 6 nm
  matrix: organic_polymer
"""
"""The same in space."""

__all__ = ["SMALL_BILAYER", "SMALL_SOLID", "Strip", "discs", "parameters", "ring", "second_order", "solved", "strip"]


def discs(centres, radii, period, layers, phases=None, core=10.0, electrolyte=5.0, gap=0.5, **controls):
    """Patch with given round grains, meshed by Gmsh.

    Parameters
    ----------
    centres : array_like, shape (n, 2)
        In nm, core|SEI at y = 0; a centre at x = 0 stands for a grain cut by the periodic side.
    radii : float or array_like
    layers : list of float
        Thicknesses in nm.
    phases : list of str
        Material of each grain; "LiF" for all by default.
    controls
        Of :class:`seix.scenario.MeshControl`.
    """
    from seix.geometry.layers import LayerShape, Structure
    from seix.geometry.meshing import mesh_structure
    from seix.geometry.patch import FREE, PatchFrame
    from seix.geometry.statistics import structure_statistics
    from seix.scenario import MeshControl

    centres = np.atleast_2d(np.asarray(centres, float))
    radii = np.broadcast_to(np.asarray(radii, float), len(centres)).copy()
    walls = np.concatenate([[0.0], np.cumsum(layers)])
    names = sorted(set(phases or ["LiF"]))
    layer = np.searchsorted(walls, centres[:, 1]) - 1
    phase = np.array([names.index(p) for p in phases or ["LiF"] * len(centres)], np.int32)
    shapes = []
    for k, (a, b) in enumerate(itertools.pairwise(walls)):
        areas = {n: np.pi * (radii[(layer == k) & (phase == i)] ** 2).sum() for i, n in enumerate(names)}
        fractions = {n: area / period / (b - a) for n, area in areas.items() if area}
        shapes.append(LayerShape(a, b, "organic_polymer", fractions, 2 * radii.mean(), 0.0, gap, (gap, gap)))
    structure = Structure(
        PatchFrame(period, core, walls[-1], electrolyte), shapes, names, centres, radii,
        phase, layer.astype(np.int32),
        np.where(centres[:, 0] == 0, 0, FREE).astype(np.int32), seed=0,
    )  # fmt: skip
    structure.statistics = structure_statistics(structure, 1e9)
    return mesh_structure(structure, MeshControl(**controls))
