"""Small meshes and parameters for tests that need no packing."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np

from seix.parameters import InterfaceLaw, Parameters


@dataclass
class Strip:
    """Laminate of flat layers on a structured mesh, in the form the solver takes."""

    points: np.ndarray
    cells: np.ndarray
    region: np.ndarray
    grain: np.ndarray
    layer: np.ndarray
    region_names: list
    period: float
    core_size: float
    sei_thickness: float
    electrolyte_depth: float
    kind: str = "patch"
    sector: float | None = None
    mirrors: np.ndarray = field(default_factory=lambda: np.empty((0, 2)))
    core_regions: list = field(default_factory=list)


def second_order(points, triangles):
    """Six-node triangles in basix order with straight edges."""
    edges = np.sort(np.concatenate([triangles[:, [1, 2]], triangles[:, [0, 2]], triangles[:, [0, 1]]]), axis=1)
    unique, inverse = np.unique(edges, axis=0, return_inverse=True)
    middle = inverse.reshape(3, -1).T + len(points)
    return np.vstack([points, points[unique].mean(axis=1)]), np.hstack([triangles, middle])


def strip(layers, period=6.0, columns=3, core=(10.0, 4), electrolyte=(5.0, 2), tilt=0.0) -> Strip:
    """Patch of flat layers.

    Parameters
    ----------
    layers : list of (name, thickness in nm, rows)
        SEI from the core outwards.
    tilt : float
        Random displacement of inner nodes, as a fraction of the cell (makes the mesh irregular).
    """
    stack = [("core", *core), *layers, ("electrolyte", *electrolyte)]
    names = ["core", "electrolyte", *dict.fromkeys(name for name, _, _ in layers)]
    y = (
        np.concatenate([[0.0], *[s + np.arange(1, n + 1) / n * t for (_, t, n), s in zip(stack, _starts(stack), strict=True)]])
        - core[0]
    )
    row_region = np.concatenate([[names.index(name)] * n for name, _, n in stack])
    row_layer = np.concatenate([[-1] * core[1], *[[i] * n for i, (_, _, n) in enumerate(layers)], [-1] * electrolyte[1]])
    x = np.linspace(0, period, columns + 1)
    points = np.array([(a, b) for b in y for a in x])
    i, j = np.meshgrid(np.arange(columns), np.arange(len(y) - 1))
    corner = (j * (columns + 1) + i).ravel()
    triangles = np.concatenate(
        [
            np.column_stack([corner, corner + 1, corner + columns + 2]),
            np.column_stack([corner, corner + columns + 2, corner + columns + 1]),
        ]
    )
    row = np.tile(j.ravel(), 2)
    if tilt:
        rng = np.random.default_rng(0)
        heights = np.cumsum([0, *[t for _, t, _ in stack]]) - core[0]
        inner = (points[:, 0] > 0) & (points[:, 0] < period) & ~np.isclose(points[:, 1, None], heights).any(axis=1)
        points[inner] += rng.uniform(-1, 1, (inner.sum(), 2)) * tilt * np.array([period / columns, np.diff(y).min()])
    points, cells = second_order(points, triangles)
    none = np.full(len(cells), -1)
    thickness = sum(t for _, t, _ in layers)
    return Strip(points, cells, row_region[row], none, row_layer[row], names, period, core[0], thickness, electrolyte[0])


def _starts(stack):
    return np.cumsum([0.0, *[t for _, t, _ in stack[:-1]]])


def parameters(conductivity, matrix, interface=None, modulus=None, poisson=None, **values) -> Parameters:
    """Parameters for named SEI phases; elastic constants default to those of an organic film on a Si/C core."""
    names = [n for n in conductivity if n != "electrolyte"]
    return Parameters(
        ionic_conductivity={"electrolyte": 1.0, **conductivity},
        youngs_modulus={"core": 50e9, **dict.fromkeys(names, 2.4e9), **(modulus or {})},
        poisson_ratio={"core": 0.25, **dict.fromkeys(names, 0.35), **(poisson or {})},
        matrix_conductivity=conductivity[matrix],
        interface=interface or InterfaceLaw(),
        **values,
    )


def ring(layers, core=(10.0, 4), electrolyte=(5.0, 2), segments=24, sector=None) -> Strip:
    """Round particle on a polar mesh with exactly curved cells.

    Parameters
    ----------
    layers : list of (name, thickness in nm, rows)
        SEI from the core outwards.
    segments : int
        Cells around.
    sector : float, optional
        Opening angle in radians; a full circle without.
    """
    stack = [("core", *core), *layers, ("electrolyte", *electrolyte)]
    names = ["core", "electrolyte", *dict.fromkeys(name for name, _, _ in layers)]
    radii = np.concatenate(
        [[0.0], *[s + np.arange(1, n + 1) / n * t for (_, t, n), s in zip(stack, _starts(stack), strict=True)]]
    )
    row_region = np.concatenate([[names.index(name)] * n for name, _, n in stack])
    row_layer = np.concatenate([[-1] * core[1], *[[i] * n for i, (_, _, n) in enumerate(layers)], [-1] * electrolyte[1]])
    full = sector is None
    nodes = segments if full else segments + 1
    angle = np.arange(nodes) / segments * (2 * np.pi if full else sector)
    polar = np.vstack([[0.0, 0.0], *[np.column_stack([np.full(nodes, r), angle]) for r in radii[1:]]])
    j = np.arange(segments)
    nxt = (j + 1) % nodes
    triangles, row = [np.column_stack([np.zeros_like(j), 1 + j, 1 + nxt])], [np.zeros(segments, int)]
    for i in range(1, len(radii) - 1):
        a, b = 1 + (i - 1) * nodes, 1 + i * nodes
        triangles += [np.column_stack([a + j, b + j, b + nxt]), np.column_stack([a + j, b + nxt, a + nxt])]
        row += [np.full(2 * segments, i)]
    triangles, row = np.concatenate(triangles), np.concatenate(row)
    _, cells = second_order(polar, triangles)
    points = np.zeros((cells.max() + 1, 2))
    points[: len(polar)] = polar[:, :1] * np.column_stack([np.cos(polar[:, 1]), np.sin(polar[:, 1])])
    for k, (p, q) in enumerate([(1, 2), (0, 2), (0, 1)]):
        a, b = polar[cells[:, p]], polar[cells[:, q]]
        radius = (a[:, 0] + b[:, 0]) / 2
        turn = (b[:, 1] - a[:, 1] + np.pi) % (2 * np.pi) - np.pi
        theta = np.where(a[:, 0] == 0, b[:, 1], np.where(b[:, 0] == 0, a[:, 1], a[:, 1] + turn / 2))
        points[cells[:, 3 + k]] = radius[:, None] * np.column_stack([np.cos(theta), np.sin(theta)])
    none = np.full(len(cells), -1)
    thickness = sum(t for _, t, _ in layers)
    return Strip(
        points, cells, row_region[row], none, row_layer[row], names, None, core[0], thickness, electrolyte[0], "particle", sector
    )


def solved(mesh, values, multiples=(1.0,), comm=None):
    """Solve and measure.

    Returns
    -------
    model : Model
    quantities : dict
        Current multiple -> name -> value.
    """
    from seix.analysis.quantities import Measurement
    from seix.fem import MPI
    from seix.model import Model
    from seix.numerics.domains import Domains
    from seix.numerics.solver import NewtonSolver
    from seix.numerics.stepping import LoadPath

    comm = comm or MPI.COMM_SELF
    model = Model(Domains(comm, mesh if comm.rank == 0 else None), values)
    solver = NewtonSolver(model.system)
    path = LoadPath(solver, model.set_current, model.set_feedback if values.interface.stress_feedback else None)
    measurement = Measurement(model, values.reference_field)
    results = {}
    for multiple in multiples:
        path.go(multiple)
        results[multiple] = {name: q.value for name, q in measurement.quantities().items()}
    solver.destroy()  # PETSc keeps its callbacks, and through them everything, alive
    model.system.destroy()
    return model, results


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
