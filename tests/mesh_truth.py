"""Independent checks of a mesh in plain NumPy: nothing of `seix.geometry` is used but the arrays of the mesh.

Nodes of a cell are in basix order: vertices, then the mid nodes of the edges in `EDGES`.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

NM = 1e-9
EDGES = {2: ((1, 2), (0, 2), (0, 1)), 3: ((2, 3), (1, 3), (1, 2), (0, 3), (0, 2), (0, 1))}
ROUNDING = 1e-7
"""Distance [nm] within which a node lies on a surface."""
FRACTION = 0.01
"""Relative difference of asked and meshed area or volume of a material that the design allows."""
ANGLE, DIHEDRAL, THIN, THIN_SHARE = 15.0, 3.0, 5.0, 1e-4
"""Smallest angle in the plane; smallest dihedral angle, and the part of cells that may be below 5 degrees."""
BALL = 0.03
"""Part of a ball that second-order faces miss, over h^4/R^4 with their longest edge h; `test_mesh_claims` measures it."""


class Checked:
    """A mesh with its document; every method asserts one property.

    Parameters
    ----------
    mesh : TaggedMesh
    scenario : Scenario
        That the mesh was made of; gives the layers, fractions and sizes that were asked.
    """

    def __init__(self, mesh, scenario) -> None:
        self.mesh, self.scenario, self.dim = mesh, scenario, mesh.points.shape[1]
        self.points, self.cells = mesh.points, mesh.cells
        self.layers = scenario.sei.resolved_layers()
        self.heights = np.concatenate([[0.0], np.cumsum([layer.thickness for layer in self.layers])]) / NM
        self.binder = len(self.heights) if getattr(scenario.geometry, "binder", None) else None
        """Zone of the binder."""
        if self.binder is not None:
            self.heights = np.append(self.heights, self.heights[-1] + scenario.geometry.binder / NM)
        self.names = np.array(mesh.region_names)
        self.volume, self.least = jacobians(self.points, self.cells)
        self.zone = self._zones()
        self.faces, self.pairs = facets(self.cells[:, : self.dim + 1])

    def all(self) -> None:
        """Every property."""
        self.nodes()
        self.shape()
        self.angles()
        self.conformity()
        self.levels()
        self.measures()
        self.fractions()
        self.tags()
        self.neighbours()
        self.connection()
        if self.mesh.period is not None:
            self.period()

    def nodes(self) -> None:
        """All nodes are used, none twice in a cell, and each edge has one mid node."""
        assert np.array_equal(np.unique(self.cells), np.arange(len(self.points)))
        ends = np.concatenate([np.sort(self.cells[:, [a, b]], axis=1) for a, b in EDGES[self.dim]])
        mid = self.cells[:, self.dim + 1 :].T.ravel()
        base = len(self.points)
        edges = len(np.unique(keys(ends, base)))
        assert edges == len(np.unique(mid)) == len(np.unique(keys(np.column_stack([ends, mid]), base)))
        assert np.intersect1d(mid, self.cells[:, : self.dim + 1]).size == 0

    def shape(self) -> None:
        """The Jacobian is positive at the nodes and at quadrature points."""
        assert self.least.min() > 0.0, f"relative Jacobian {self.least.min():.3g}"

    def angles(self) -> None:
        """No small angles, but at the sharp tip of a sector and where circles of several particles cross."""
        angle = smallest_angles(self.points[self.cells[:, : self.dim + 1]])
        if self.dim == 3:
            thin = int((angle < THIN).sum())
            assert angle.min() > DIHEDRAL and thin <= THIN_SHARE * len(angle), f"{angle.min():.3g} degrees, {thin} thin"
            return
        sharp = self._sharp_places()
        bad = np.flatnonzero(angle < ANGLE)
        corners = self.points[self.cells[bad, :3]]
        for k, x in zip(bad, corners, strict=True):
            edge = np.linalg.norm(x - np.roll(x, 1, axis=0), axis=1).max()
            near = len(sharp) and np.linalg.norm(x[:, None] - sharp, axis=2).min() <= edge
            assert near, f"{angle[k]:.3g} degrees at {x.mean(axis=0)} in {self.names[self.mesh.region[k]]}"

    def conformity(self) -> None:
        """Facets inside have two cells, and those with one lie on the end of the domain."""
        alone = self.pairs[:, 1] < 0
        assert self._on_boundary(self.points[self.faces[alone]]).all()

    def levels(self) -> None:
        """Core, layers and electrolyte lie between their heights, up to the sag of a straight edge."""
        low = np.concatenate([[-np.inf], self.heights])[self.zone]
        high = np.concatenate([self.heights, [np.inf]])[self.zone]
        height = self.height(self.points)[self.cells[:, : self.dim + 1]]
        assert (height >= low[:, None] - ROUNDING).all() and (height <= high[:, None] + ROUNDING).all()

    def measures(self) -> None:
        """Core, each layer and the electrolyte have the area or volume of the closed form, up to what facets miss."""
        found = np.bincount(self.zone, self.volume, len(self.heights) + 1)
        exact = np.diff(self.exact())
        missed = self.missed()
        error = np.abs(found - exact)
        allowed = missed[:-1] + missed[1:] + 1e-9 * exact
        assert (error <= allowed).all(), f"errors {error}, allowed {allowed}, of {exact}"
        sei, whole = found[1:-1].sum(), exact[1:-1].sum()
        assert abs(sei - whole) <= missed[1] + missed[-2] + 1e-9 * whole

    def fractions(self) -> None:
        """Each material has its fraction: of the whole SEI in a bilayer, else of each layer."""
        sizes = np.diff(self.exact())[1:-1]
        grains = self.mesh.grain >= 0
        for k, layer in enumerate(self.layers):
            for name, fraction in layer.phases.items():
                share = sizes[k]
                if self.scenario.sei.structure == "bilayer":
                    fraction, share = self.scenario.sei.inorganic[name], sizes.sum()
                found = self.volume[grains & (self.zone == k + 1) & (self._name() == name)].sum()
                assert abs(found / (fraction * share) - 1.0) < FRACTION, f"{name} in layer {k}: {found / share} of {fraction}"
        domains = self.scenario.core_domains
        if domains is not None:
            found = self.volume[self._name() == domains.material].sum()
            assert abs(found / (domains.fraction * np.diff(self.exact())[0]) - 1.0) < FRACTION

    def tags(self) -> None:
        """Each cell has the material of its place, each grain one material and one layer, grains are numbered without holes."""
        name, grain, zone = self._name(), self.mesh.grain, self.zone
        free = grain < 0
        assert (name[zone == len(self.heights)] == "electrolyte").all() and (name[free & (zone == 0)] == "core").all()
        assert free[zone == len(self.heights)].all()
        for k, layer in enumerate(self.layers):
            here = zone == k + 1
            assert (name[here & free] == layer.matrix).all() and np.isin(name[here & ~free], list(layer.phases)).all()
        number = grain[~free]
        assert np.array_equal(np.unique(number), np.arange(number.max(initial=-1) + 1))
        kinds = np.unique(np.column_stack([number, self.mesh.region[~free], zone[~free]]), axis=0)
        assert len(kinds) == number.max(initial=-1) + 1

    def neighbours(self) -> None:
        """Cells that share a facet are of one piece, or a grain in the matrix of its layer, or two layers that follow.

        Grains of a polycrystal touch each other and both neighbours of their layer.
        """
        one, two = self.pairs[self.pairs[:, 1] >= 0].T
        zone, grain = self.zone, self.mesh.grain
        shapes = ["", *(layer.grains.shape if layer.grains else "" for layer in self.layers), *([""] if self.binder else []), ""]
        dense = np.array(shapes) == "polycrystal"
        in_layer = zone[one] == zone[two]
        same = in_layer & (grain[one] == grain[two])
        in_matrix = in_layer & ((grain[one] < 0) != (grain[two] < 0)) & ~dense[zone[one]]
        touching = in_layer & (grain[one] >= 0) & (grain[two] >= 0) & dense[zone[one]]
        free = [(grain[side] < 0) | dense[zone[side]] for side in (one, two)]
        layers = (np.abs(zone[one] - zone[two]) == 1) & free[0] & free[1]
        assert (same | in_matrix | touching | layers).all()
        assert (grain[np.isin(zone, np.flatnonzero(dense))] >= 0).all()

    def connection(self) -> None:
        """The cells of each grain are connected, over periodic sides as well."""
        one, two = self.pairs[self.pairs[:, 1] >= 0].T
        if self.mesh.period is not None:
            far = [self._side_cells(axis) for axis in range(self.dim - 1)]
            one, two = (np.concatenate([ends, *(pair[k] for pair in far)]) for k, ends in enumerate((one, two)))
        grain = self.mesh.grain
        keep = (grain[one] == grain[two]) & (grain[one] >= 0)
        size = len(self.cells)
        graph = coo_array((np.ones(keep.sum()), (one[keep], two[keep])), (size, size))
        label = connected_components(graph, directed=False)[1]
        inside = grain >= 0
        assert len(np.unique(label[inside])) == len(np.unique(grain[inside]))

    def period(self) -> None:
        """Opposite sides have the same nodes to the last bit, and the same tags."""
        for axis in range(self.dim - 1):
            others = [k for k in range(self.dim) if k != axis]
            near, far = (np.flatnonzero(np.abs(self.points[:, axis] - at) < ROUNDING) for at in (0.0, self.mesh.period))
            assert len(near) > 3 and (self.points[near, axis] == 0.0).all() and (self.points[far, axis] == self.mesh.period).all()
            near, far = self.points[near][:, others], self.points[far][:, others]
            assert np.array_equal(near[np.lexsort(near.T)], far[np.lexsort(far.T)])
            one, two = self._side_cells(axis)
            for tag in (self.zone, self.mesh.grain, self.mesh.region):
                assert np.array_equal(tag[one], tag[two])

    def height(self, x: np.ndarray) -> np.ndarray:
        """Distance of points (n, dim) from the nearest core, negative inside."""
        if self.mesh.kind == "patch":
            return x[:, -1]
        if self.mesh.kind == "particle":
            return np.linalg.norm(x, axis=1) - self.mesh.core_size
        centres, radii = self._images(0.0)
        return (np.linalg.norm(x[:, None] - centres, axis=2) - radii).min(axis=1)

    def exact(self) -> np.ndarray:
        """Area or volume below the bottom, core|SEI, each wall and the end: a cumulated closed form."""
        geometry, given = self.scenario.geometry, self.heights
        if self.mesh.kind == "particles":
            box = self.mesh.period
            if self.dim == 3:  # no ball crosses a side
                balls = (union_of_balls(self.mesh.bodies[:, :3], self.mesh.bodies[:, 3] + t) for t in given)
                return np.array([0.0, *balls, box**3])
            return np.array([0.0, *(union_of_discs(*self._images(t), box) for t in given), box**2])
        end = given[-1] + geometry.electrolyte_depth / NM
        if self.mesh.kind == "patch":
            depth = geometry.core_depth / NM
            return (self.scenario.period / NM) ** (self.dim - 1) * np.array([0.0, *(given + depth), end + depth])
        radii = np.array([0.0, *(geometry.core_radius / NM + np.array([*given, end]))])
        return self._angle() * radii**self.dim / self.dim

    def _angle(self) -> float:
        """Plane or solid angle of a particle."""
        sector = self.scenario.geometry.sector
        if self.dim == 2:
            return 2.0 * math.pi if sector == "full" else sector
        if isinstance(sector, str):
            return 4.0 * math.pi if sector == "full" else 0.5 * math.pi
        return 4.0 * math.asin(math.sin(0.5 * sector) ** 2)  # of a square pyramid between planes at that angle

    def missed(self) -> np.ndarray:
        """What second-order facets miss at most of the curved levels: bottom, core|SEI, walls, end."""
        result = np.zeros(len(self.heights) + 2)
        if self.mesh.kind == "patch":
            return result
        one, two = self.pairs.T
        outside = np.where(two < 0, len(self.heights) + 1, self.zone[two])
        level = np.where(outside != self.zone[one], np.maximum(outside, self.zone[one]), 0)
        chosen = np.flatnonzero(level)
        corners = self.points[self.faces[chosen]]
        on = np.ptp(self.height(corners.reshape(-1, self.dim)).reshape(corners.shape[:2]), axis=1) < ROUNDING
        chosen, corners = chosen[on], corners[on]
        edge = np.max([np.linalg.norm(corners[:, a] - corners[:, b], axis=1)
                       for a, b in itertools.combinations(range(self.dim), 2)], axis=0)  # fmt: skip
        radius = self.height(corners[:, 0]) + self._core_radius(corners[:, 0])
        lost = missed_by_parabola(edge, radius) if self.dim == 2 else missed_by_face(corners, edge, radius)
        np.add.at(result, level[chosen], lost)
        return result

    def _core_radius(self, x: np.ndarray) -> np.ndarray:
        if self.mesh.kind == "particle":
            return np.full(len(x), self.mesh.core_size)
        centres, radii = self._images(0.0)
        return radii[(np.linalg.norm(x[:, None] - centres, axis=2) - radii).argmin(axis=1)]

    def _images(self, height: float) -> tuple[np.ndarray, np.ndarray]:
        """Discs or balls at a height over the cores, with those one period to all sides."""
        centres, radii = self.mesh.bodies[:, :-1], self.mesh.bodies[:, -1] + height
        steps = [(*step, 0) for step in itertools.product((0, -1, 1), repeat=self.dim - 1)]
        return np.concatenate([centres + self.mesh.period * np.array(step) for step in steps]), np.tile(radii, len(steps))

    def _zones(self) -> np.ndarray:
        """0 in the core, k in layer k from 1, after the last layer in the electrolyte."""
        layer = self.mesh.layer
        electrolyte = self.mesh.region == self.mesh.region_names.index("electrolyte")
        zone = np.where(layer >= 0, layer + 1, np.where(electrolyte, len(self.heights), 0))
        return zone if self.binder is None else np.where(self.names[self.mesh.region] == "binder", self.binder, zone)

    def _name(self) -> np.ndarray:
        return self.names[self.mesh.region]

    def _sharp_places(self) -> np.ndarray:
        """Apex of a sector below 60 degrees; points where circles of one height cross."""
        if self.mesh.kind == "particle":
            narrow = self.mesh.sector is not None and self.mesh.sector < math.pi / 3.0
            return np.zeros((int(narrow), 2))
        if self.mesh.kind == "patch":
            return np.empty((0, 2))
        return np.concatenate([crossings(*self._images(t)) for t in self.heights])

    def _on_boundary(self, corners: np.ndarray) -> np.ndarray:
        """Whether all corners (n, k, dim) of facets lie on one and the same part of the end of the domain."""
        parts = []
        if self.mesh.period is not None:
            axes = range(self.dim - 1)
            parts += [np.abs(corners[..., axis] - at) for axis in axes for at in (0.0, self.mesh.period)]
        if self.mesh.kind == "particle":
            end = self.mesh.core_size + self.mesh.sei_thickness + self.mesh.electrolyte_depth
            parts += [np.abs(np.linalg.norm(corners, axis=2) - end), *(np.abs(corners @ n) for n in self.mesh.mirrors)]
        elif self.mesh.kind == "patch":
            last = corners[..., -1]
            parts += [np.abs(last + self.mesh.core_size), np.abs(last - self.mesh.sei_thickness - self.mesh.electrolyte_depth)]
        else:
            parts += [np.abs(corners[..., -1] - at) for at in (0.0, self.mesh.period)]
        return (np.array(parts) < ROUNDING).all(axis=2).any(axis=0)

    def _side_cells(self, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """Cells on both periodic sides in corresponding order."""
        found = []
        others = [k for k in range(self.dim) if k != axis]
        alone = np.flatnonzero(self.pairs[:, 1] < 0)
        for at in (0.0, self.mesh.period):
            side = alone[(self.points[self.faces[alone], axis] == at).all(axis=1)]
            middle = np.sort(self.points[self.faces[side]][..., others], axis=1).reshape(len(side), -1)
            found.append(self.pairs[side[np.lexsort(middle.T)], 0])
        assert len(found[0]) == len(found[1])
        return found[0], found[1]


def facets(vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Facets of simplices (m, d + 1) by their sorted vertices, and the cells on both sides, -1 for none; two cells at most."""
    count = vertices.shape[1]
    every = np.concatenate([np.sort(np.delete(vertices, k, axis=1), axis=1) for k in range(count)])
    owner = np.tile(np.arange(len(vertices)), count)
    key = keys(every, int(vertices.max()) + 1)
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    number = np.diff(np.append(first, len(key)))
    assert number.max() <= 2
    second = np.where(number == 2, owner[order[np.minimum(first + 1, len(order) - 1)]], -1)
    return every[order[first]], np.column_stack([owner[order[first]], second])


def keys(rows: np.ndarray, base: int) -> np.ndarray:
    """One integer for each row (n, k) of numbers below `base`."""
    result = np.zeros(len(rows), np.int64)
    assert base ** rows.shape[1] < 2**63
    for column in rows.T.astype(np.int64):
        result = result * base + column
    return result


def missed_by_parabola(edge: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Area between an arc and the parabola through its ends and its middle; d^4/480 of the sector for a small angle d."""
    half = np.arcsin(0.5 * edge / radius)
    return radius**2 * (half - 0.5 * np.sin(2.0 * half) - 4.0 / 3.0 * np.sin(half) * (1.0 - np.cos(half)))


def missed_by_face(corners: np.ndarray, edge: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """Volume between a sphere and faces (n, 3, 3) at most: the part h^4/R^4 of the ball under each of them, R/3 of its area."""
    area = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    return BALL * (edge / radius) ** 4 * area * radius / 3.0


def jacobians(points: np.ndarray, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area or volume (m,) of curved cells, exact, and the least Jacobian at nodes and quadrature points over the mean one."""
    dim = points.shape[1]
    edges = EDGES[dim]
    corner = np.eye(dim + 1)
    nodes = np.concatenate([corner, [0.5 * (corner[a] + corner[b]) for a, b in edges]])
    if dim == 2:  # degree 2 and 3: the determinant is of degree d
        rule, weight = (corner + 1.0 / 3.0) / 2.0, np.full(3, 1.0 / 6.0)
    else:
        rule = np.concatenate([np.full((1, 4), 0.25), np.full((4, 4), 1.0 / 6.0) + corner / 3.0])
        weight = np.array([-0.8, *[0.45] * 4]) / 6.0
    values = [_determinant(points[cells], at, edges) for at in np.concatenate([nodes, rule])]
    volume = sum(w * value for w, value in zip(weight, values[len(nodes) :], strict=True))
    return volume, np.min(values, axis=0) / (volume * math.factorial(dim))


def _determinant(x: np.ndarray, at: np.ndarray, edges) -> np.ndarray:
    """Jacobian (m,) of cells (m, k, dim) at barycentric coordinates `at`."""
    dim = x.shape[2]
    slope = np.zeros((x.shape[1], dim + 1))  # of the shape functions by the barycentric coordinates
    slope[np.arange(dim + 1), np.arange(dim + 1)] = 4.0 * at - 1.0
    for k, (a, b) in enumerate(edges):
        slope[dim + 1 + k, a], slope[dim + 1 + k, b] = 4.0 * at[b], 4.0 * at[a]
    return np.linalg.det(np.einsum("mkd,ke->mde", x, slope[:, 1:] - slope[:, :1]))


def smallest_angles(x: np.ndarray) -> np.ndarray:
    """Smallest angle of triangles (m, 3, 2), smallest dihedral angle of tetrahedra (m, 4, 3) [degrees]."""
    if x.shape[2] == 2:
        u, v = np.roll(x, -1, axis=1) - x, np.roll(x, 1, axis=1) - x
        cross = u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]
        return np.degrees(np.arctan2(np.abs(cross), (u * v).sum(axis=2))).min(axis=1)
    gradient = np.linalg.inv(np.concatenate([x, np.ones((*x.shape[:2], 1))], axis=2))[:, :3]  # columns: normals of faces
    unit = gradient / np.linalg.norm(gradient, axis=1, keepdims=True)
    cosine = -np.einsum("mdi,mdj->mij", unit, unit)
    i, j = np.triu_indices(4, 1)
    return np.degrees(np.arccos(np.clip(cosine[:, i, j], -1.0, 1.0))).min(axis=1)


def crossings(centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Points (n, 2) where circles cross."""
    found = [np.empty((0, 2))]
    for i, j in itertools.combinations(range(len(radii)), 2):
        apart = centres[j] - centres[i]
        d = np.hypot(*apart)
        if abs(radii[i] - radii[j]) < d < radii[i] + radii[j]:
            along = (d**2 + radii[i] ** 2 - radii[j] ** 2) / (2.0 * d)
            across = math.sqrt(radii[i] ** 2 - along**2) * np.array([-apart[1], apart[0]]) / d
            foot = centres[i] + along * apart / d
            found.append(np.array([foot + across, foot - across]))
    return np.concatenate(found)


def union_of_balls(centres: np.ndarray, radii: np.ndarray) -> float:
    """Volume of balls no three of which meet but where the lens of two lies in the third: their sum without all other lenses."""
    volume = 4.0 / 3.0 * math.pi * (radii**3).sum()
    for i, j in itertools.combinations(range(len(radii)), 2):
        a, b, d = radii[i], radii[j], np.linalg.norm(centres[i] - centres[j])
        plane = centres[i] + (d**2 + a**2 - b**2) / (2.0 * d**2) * (centres[j] - centres[i])
        rim = math.sqrt(max(a**2 - ((plane - centres[i]) ** 2).sum(), 0.0))
        others = [k for k in range(len(radii)) if k not in (i, j)]
        hidden = any(np.linalg.norm(plane - centres[k]) + rim < radii[k] for k in others)  # lens in a ball about its middle
        if d < a + b and not hidden:
            volume -= math.pi * (a + b - d) ** 2 * (d**2 + 2.0 * d * (a + b) - 3.0 * (a - b) ** 2) / (12.0 * d)
    return volume


def union_of_discs(centres: np.ndarray, radii: np.ndarray, box: float) -> float:
    """Area that discs cover of the strip 0 < x < box, by quadrature of the covered length between all kinks."""
    kinks = [0.0, box, *(centres[:, 0] - radii), *(centres[:, 0] + radii), *crossings(centres, radii)[:, 0]]
    kinks = np.unique(np.clip(kinks, 0.0, box))
    node, weight = np.polynomial.legendre.leggauss(48)
    angle = 0.5 * math.pi * (node + 1.0)  # x = middle - half cos(angle) takes away the roots at the ends of discs
    area = 0.0
    for low, high in itertools.pairwise(kinks):
        half = 0.5 * (high - low)
        x = low + half * (1.0 - np.cos(angle))
        length = [_covered(at, centres, radii) for at in x]
        area += 0.5 * math.pi * half * float((weight * np.sin(angle) * length).sum())
    return area


def _covered(x: float, centres: np.ndarray, radii: np.ndarray) -> float:
    """Length of a vertical line that lies in discs."""
    half = np.sqrt(np.maximum(radii**2 - (x - centres[:, 0]) ** 2, 0.0))
    total, end = 0.0, -np.inf
    for low, high in sorted(zip(centres[:, 1] - half, centres[:, 1] + half, strict=True)):
        total += max(high - max(low, end), 0.0)
        end = max(end, high)
    return total
