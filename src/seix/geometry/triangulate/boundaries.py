"""Boundaries between the grains of a polycrystal: every shared edge once, with nodes that fit walls and sides exactly.

A polycrystalline layer is covered by convex polygons that share whole edges. Edges along a wall of the layer are left out:
the level takes their place, as an arc in a particle. Polygons of grains on a side are cut there; on a patch what lies
beyond x = 0 belongs to the other end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from seix.errors import GeometryError
from seix.geometry.patch import FREE
from seix.geometry.triangulate.curves import SAME, Chains, shapes_of

if TYPE_CHECKING:
    from seix.geometry.layers import Structure


def polycrystalline(structure: Structure) -> np.ndarray:
    """Which grains (n,) belong to a polycrystal."""
    dense = np.array([*(layer.shape == "polycrystal" for layer in structure.layers), False])
    return dense[structure.layer]


class Boundaries:
    """Boundaries of all polycrystalline layers.

    Parameters
    ----------
    structure : Structure

    Attributes
    ----------
    chains : Chains
        One straight piece each; `grain` is on the left, `other` on the right.

    Raises
    ------
    GeometryError
        If two grains of a layer do not share an edge that they should.
    """

    def __init__(self, structure: Structure) -> None:
        self.structure, self.frame = structure, structure.frame
        shapes = shapes_of(structure)
        dense = polycrystalline(structure)
        members = dense[shapes.owner]
        self.same = SAME * float(shapes.perimeters()[dense].mean())
        vertices = self._on_walls(shapes.vertices, structure.layer[shapes.owner])
        self.owner = shapes.owner[members]
        self.ends = np.stack([vertices, vertices[shapes.following]], axis=1)[members]
        along_wall = (self._wall_of(self.ends[:, 0]) >= 0) & (self._wall_of(self.ends[:, 0]) == self._wall_of(self.ends[:, 1]))
        self._keep(~along_wall)
        for side in range(1 if self.frame.kind == "patch" else len(self.frame.side_names)):
            self._cut(side)
            if self.frame.kind != "patch":
                self._drop_along(side)
        self.nodes, index = self._merged()
        self.chains = self._shared(index)

    def on_level(self, height: float) -> np.ndarray:
        """Nodes (k, 2) on the level at a height."""
        return self.nodes[np.abs(self._height(self.nodes) - height) < self.same]

    def _height(self, points: np.ndarray) -> np.ndarray:
        if self.frame.kind == "patch":
            return points[:, 1]
        return np.sqrt((points**2).sum(axis=1)) - self.frame.core_size

    def _walls(self) -> np.ndarray:
        return np.array([*(layer.inner for layer in self.structure.layers), self.frame.sei_thickness])

    def _wall_of(self, points: np.ndarray) -> np.ndarray:
        """Wall that each point lies on, -1 if none."""
        away = np.abs(self._height(points)[:, None] - self._walls())
        return np.where(away.min(axis=1) < self.same, away.argmin(axis=1), -1)

    def _on_walls(self, points: np.ndarray, layer: np.ndarray) -> np.ndarray:
        """Points, of which those that are on a wall of their layer to rounding are moved exactly onto it."""
        result, height = points.copy(), self._height(points)
        walls = np.append(self._walls(), -self.frame.core_size)
        for wall in (walls[layer], walls[layer + 1]):
            here = np.abs(height - wall) < self.same
            if self.frame.kind == "patch":
                result[here, 1] = wall[here]
            else:
                result[here] *= ((self.frame.core_size + wall[here]) / (self.frame.core_size + height[here]))[:, None]
        return result

    def _keep(self, which: np.ndarray) -> None:
        self.owner, self.ends = self.owner[which], self.ends[which]

    def _cut(self, side: int) -> None:
        """Cut the edges of grains on a side, and drop or move what lies beyond."""
        along, inward = self.frame.side_axes(side)
        on_side = (self.structure.side[self.owner] == side) & (self.structure.side[self.owner] != FREE)
        depth = self.ends @ inward
        near = on_side[:, None] & (np.abs(depth) < self.same)
        self.ends[near] = (self.ends[near] @ along)[:, None] * along
        depth[near] = 0.0
        crossing = np.flatnonzero(on_side & (depth[:, 0] * depth[:, 1] < 0.0))
        # the same place from both grains: the end inside comes first
        first = (depth[crossing, 0] < depth[crossing, 1]).astype(int)
        a, b = self.ends[crossing, first], self.ends[crossing, 1 - first]
        part = depth[crossing, first] / (depth[crossing, first] - depth[crossing, 1 - first])
        place = ((a + part[:, None] * (b - a)) @ along)[:, None] * along
        rest = np.stack([place, self.ends[crossing, 1]], axis=1)
        self.ends[crossing, 1] = place
        self.ends, self.owner = np.concatenate([self.ends, rest]), np.concatenate([self.owner, self.owner[crossing]])
        on_side = np.concatenate([on_side, np.ones(len(crossing), bool)])
        depth = (self.ends @ inward).sum(axis=1)
        flat = on_side & (np.abs(self.ends @ inward) < self.same).all(axis=1)  # along the side, which has segments of its own
        beyond = on_side & (depth < 0.0) & ~flat
        if self.frame.kind == "patch":
            self.ends[beyond, :, 0] += self.frame.period
            self._keep(~flat)
        else:
            self._keep(~flat & ~beyond)

    def _drop_along(self, side: int) -> None:
        """Drop the edges along a ray, which has segments of its own; other edges end exactly on it."""
        along, inward = self.frame.side_axes(side)
        on_ray = (np.abs(self.ends @ inward) < self.same) & (self.ends @ along > 0.0)
        place = self.ends[on_ray] @ along
        wall = self._wall_of(self.ends[on_ray])
        # a boundary that ends in the corner of ray and wall ends at the node that is there already, to the last bit
        place[wall >= 0] = self.frame.core_size + self._walls()[wall[wall >= 0]]
        self.ends[on_ray] = place[:, None] * along
        self._keep(~on_ray.all(axis=1))

    def _merged(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes (n, 2), and that at each end of each edge."""
        points = self.ends.reshape(-1, 2)
        pairs = cKDTree(points).query_pairs(4.0 * self.same, output_type="ndarray")
        graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(points),) * 2)
        _, node = connected_components(graph, directed=False)
        _, first = np.unique(node, return_index=True)
        nodes = points[first]
        if self.frame.kind == "patch":
            self._match_sides(nodes)
        return nodes, node.reshape(-1, 2)

    def _match_sides(self, nodes: np.ndarray) -> None:
        """Give the nodes of both sides the same heights; they may come from different grains, so differ by rounding."""
        sides = [np.flatnonzero(nodes[:, 0] == x) for x in (0.0, self.frame.period)]
        left, right = (side[np.argsort(nodes[side, 1])] for side in sides)
        if len(left) != len(right) or (np.abs(nodes[left, 1] - nodes[right, 1]) > 4.0 * self.same).any():
            raise GeometryError("the grains of a polycrystal are cut differently on the two periodic sides")
        nodes[right, 1] = nodes[left, 1]

    def _shared(self, index: np.ndarray) -> Chains:
        """Every edge once; those of the grain that has the edge from its lower to its higher node come first."""
        forward = index[:, 0] < index[:, 1]
        keys = np.sort(index, axis=1) @ np.array([len(self.nodes), 1])
        order = np.lexsort((~forward, keys))
        first, second = order[::2], order[1::2]
        if len(order) % 2 or (keys[first] != keys[second]).any() or not forward[first].all() or forward[second].any():
            unpaired = np.flatnonzero(np.bincount(np.unique(keys, return_inverse=True)[1]) != 2)
            edge = np.unique(keys)[unpaired[0] if len(unpaired) else 0]
            x, y = self.nodes[[edge // len(self.nodes), edge % len(self.nodes)]].mean(axis=0)
            raise GeometryError(f"the grains of a polycrystal do not share the boundary at x = {x:.6g} nm, y = {y:.6g} nm")
        pieces = np.zeros((len(first), 7))
        pieces[:, :4] = self.nodes[index[first]].reshape(-1, 4)
        count = len(first)
        return Chains(pieces, np.arange(count), self.owner[first], np.zeros(count, bool), np.zeros(count), self.owner[second])
