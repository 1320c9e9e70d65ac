"""All statistics of a structure, asked and found, ready for JSON with lengths in metres."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from seix.geometry.shapes import StarShapes
from seix.geometry.stats import connection, correlation, profile, sizes
from seix.geometry.stats.grains import Grains, hollows
from seix.geometry.stats.neighbours import mirror_gaps, nearest_gaps
from seix.geometry.stats.profile import core_radii, heights

if TYPE_CHECKING:
    from seix.geometry.layers import Structure

BINS = 30
"""Bins of the histograms."""
TAIL, POINTS = 99.0, 101
"""The cumulative distribution of the gaps is given at so many points, up to this percentile."""
NEAR = 1.5
"""Grains nearer than this many times the smallest gap asked are called in contact."""


def full_statistics(structure: Structure, per_metre: float, samples: int) -> dict:
    """Distributions, correlations, profile and connections of the grains.

    Parameters
    ----------
    structure : Structure
    per_metre : float
        Units of length of the structure in a metre.
    samples : int
        Points of the two-point correlation.

    Returns
    -------
    dict
        Without grains only `grains` = 0 and `dimension`. Otherwise (docs/statistics.md has the definitions)

        - `dimension`, `grains`;
        - `diameter` and `gap`: each `sei`, `phases.<name>`, `layers[k]`, and `histogram` or `cumulative`;
        - `pair_correlation`: `distance` [m], `sei`, `layers[k]`, `equilibrium_contact[k]`;
        - `two_point`: `distance` [m], `inorganic`, `phases.<name>`, `uncorrelated`, `samples`, `standard_error`;
        - `profile`: `edges` [m], `inorganic`, `phases.<name>`, `asked` by slice;
        - `connection`: `contact_distance` [m], `sei`, `phases.<name>`, `matrix`.
    """
    grains = Grains.of(structure)
    result: dict = {"dimension": structure.dim, "grains": float(grains.weights.sum())}
    if not len(grains):
        return result
    return result | {
        "diameter": _diameters(grains, per_metre),
        "gap": _gaps(grains, per_metre),
        "pair_correlation": _pair_correlation(grains, per_metre),
        "two_point": _two_point(grains, samples, per_metre),
        "profile": _profile(grains, per_metre),
        "connection": _connections(grains, per_metre),
    }


def _diameters(grains: Grains, per_metre: float) -> dict:
    structure = grains.structure
    names, layers, found = structure.phase_names, structure.layers, grains.diameters
    asked = sizes.Asked.of(structure, layers, names)

    def compare(layers: list, names: list[str], chosen: np.ndarray) -> dict:
        return sizes.diameter_statistics(sizes.Asked.of(structure, layers, names), found[chosen], per_metre)

    return {
        "sei": compare(layers, names, np.ones(len(grains), bool)),
        "phases": {name: compare(layers, [name], structure.phase == p) for p, name in enumerate(names)},
        "layers": [compare([layer], names, structure.layer == k) for k, layer in enumerate(layers)],
        "histogram": sizes.histogram(found, asked, BINS, per_metre),
    }


def _gaps(grains: Grains, per_metre: float) -> dict:
    """Gaps to the nearest grain of any phase; those of a phase to the nearest of the same phase."""
    structure = grains.structure
    nearest, reference = nearest_gaps(grains), _equilibria(grains)

    def describe(gaps: np.ndarray) -> dict:
        finite = gaps[np.isfinite(gaps)]
        return {"found": sizes.described(finite / per_metre)} if len(finite) else {}

    layers = []
    for k, layer in enumerate(structure.layers):
        chosen = structure.layer == k
        entry = describe(nearest[chosen])
        if layer.fractions:
            entry["smallest_asked"] = layer.gap / per_metre
            if reference[k] is not None:
                quantiles = sizes.named_quantiles(reference[k].quantiles(sizes.LEVELS) / per_metre)
                mean = reference[k].mean() / per_metre
                entry["equilibrium"] = {"fraction": reference[k].fraction, "mean": mean, "quantiles": quantiles}
        layers.append(entry)
    result = {
        "sei": describe(nearest),
        "phases": {
            name: describe(nearest_gaps(grains.where(structure.phase == p))) for p, name in enumerate(structure.phase_names)
        },
        "layers": layers,
    }
    finite = np.sort(nearest[np.isfinite(nearest)])
    if len(finite):
        result["cumulative"] = _cumulative(grains, finite, reference, per_metre)
    if isinstance(structure.shapes, StarShapes):
        result["largest_hollow"] = float(hollows(structure.shapes).max()) / per_metre
    return result


def _cumulative(grains: Grains, gaps: np.ndarray, reference: list, per_metre: float) -> dict:
    """Parts of the grains with gaps up to some values: found, and in equilibrium if there is one for every layer with grains."""
    values = np.linspace(0.0, np.percentile(gaps, TAIL), POINTS)
    result = {
        "gap": (values / per_metre).tolist(),
        "found": (np.searchsorted(gaps, values, side="right") / len(gaps)).tolist(),
    }
    number = np.bincount(grains.structure.layer, minlength=len(reference))
    if all(layer is not None for layer, n in zip(reference, number, strict=True) if n):
        parts = [n * layer.cdf(values) for layer, n in zip(reference, number, strict=True) if n]
        result["equilibrium"] = (sum(parts) / number.sum()).tolist()
    return result


def _equilibria(grains: Grains) -> list[sizes.Equilibrium | None]:
    """Hard discs or spheres in place of the grains of each layer, where there are such of that fraction."""
    structure = grains.structure
    number = np.bincount(structure.layer, grains.weights, len(structure.layers))
    return [
        sizes.Equilibrium.of(layer, number[k], structure.frame.measure(layer.inner, layer.outer), structure.dim)
        for k, layer in enumerate(structure.layers)
    ]


def _pair_correlation(grains: Grains, per_metre: float) -> dict:
    edges = correlation.shell_edges(grains)
    pooled, layers = correlation.pair_correlation(grains, edges)
    return {
        "distance": (0.5 * (edges[:-1] + edges[1:]) / per_metre).tolist(),
        "sei": pooled.tolist(),
        "layers": [None if layer is None else layer.tolist() for layer in layers],
        "equilibrium_contact": [None if layer is None else layer.contact() for layer in _equilibria(grains)],
    }


def _two_point(grains: Grains, samples: int, per_metre: float) -> dict:
    found = correlation.two_point(grains, samples)
    structure, names = grains.structure, grains.structure.phase_names
    # far apart only the height is shared: the mean over the heights of the squared fraction
    edges = profile.slice_edges(structure)
    share = profile.profile(grains, edges)
    measure = np.array([structure.frame.measure(a, b) for a, b in itertools.pairwise(edges)])
    limits = (share**2 @ measure / measure.sum()).tolist()
    return {
        "distance": (found["distance"] / per_metre).tolist(),
        "inorganic": found["inorganic"].tolist(),
        "phases": {name: found["phases"][p].tolist() for p, name in enumerate(names)},
        "uncorrelated": {
            "inorganic": float(share.sum(axis=0) ** 2 @ measure / measure.sum()),
            "phases": dict(zip(names, limits, strict=True)),
        },
        "samples": found["samples"],
        "standard_error": found["standard_error"].tolist(),
    }


def _profile(grains: Grains, per_metre: float) -> dict:
    structure = grains.structure
    edges = profile.slice_edges(structure)
    found = profile.profile(grains, edges)
    middle = 0.5 * (edges[:-1] + edges[1:])
    layer = np.searchsorted([x.outer for x in structure.layers], middle)
    return {
        "edges": (edges / per_metre).tolist(),
        "inorganic": found.sum(axis=0).tolist(),
        "phases": {name: found[p].tolist() for p, name in enumerate(structure.phase_names)},
        "asked": [float(sum(structure.layers[k].fractions.values())) for k in layer],
    }


def _connections(grains: Grains, per_metre: float) -> dict:
    structure = grains.structure
    contact = NEAR * min(layer.gap for layer in structure.layers if layer.fractions)
    sei, edges, tree = _connection(grains, contact, per_metre)
    result = {"contact_distance": contact / per_metre, "sei": sei, "phases": {}}
    for p, name in enumerate(structure.phase_names):
        chosen = grains.where(structure.phase == p)
        if len(chosen):
            result["phases"][name] = _connection(chosen, contact, per_metre)[0]
    smallest = float(edges.gap.min(initial=np.inf))
    matrix = {"in_one_piece": bool(smallest > 0.0)}
    if structure.dim == 2 and structure.kind != "particles":
        sides = None
        if structure.sector is not None:
            sides = tuple(np.where(structure.side == k, 0.0, mirror_gaps(grains, (k,))) for k in (0, 1))
        width = connection.throat(grains, edges, sides, tree)
        if width is not None:
            matrix = {"in_one_piece": bool(width > 0.0), "throat": width / per_metre}
    return result | {"matrix": matrix}


def _connection(grains: Grains, contact: float, per_metre: float) -> tuple[dict, connection.Edges, tuple]:
    """Clusters of some grains, and how they reach from the core to the electrolyte."""
    edges = connection.first_list(grains, contact)
    tree = connection.spanning_tree(grains, edges)
    to_core, to_electrolyte = wall_gaps(grains)
    bridge = connection.bridging_distance(tree, to_core, to_electrolyte)
    touching = 2.0 * float((edges.gap <= contact).sum()) / len(grains)
    largest = connection.cluster_curve(grains.weights, tree, np.array([contact]))[0]
    half = connection.half_distance(grains.weights, tree)
    levels = connection.curve_levels(tree, [bridge, half])
    return {
        "contacts_per_grain": touching,
        "largest_cluster": float(largest),
        "bridges_film": bool(bridge <= contact),
        "bridging_distance": bridge / per_metre,
        "half_distance": half / per_metre,
        "all_distance": float(tree[2].max(initial=0.0)) / per_metre,
        "wall_gaps": {"core": float(to_core.min()) / per_metre, "electrolyte": float(to_electrolyte.min()) / per_metre},
        "curve": {
            "distance": (levels / per_metre).tolist(),
            "largest_cluster": connection.cluster_curve(grains.weights, tree, levels).tolist(),
        },
    }, edges, tree  # fmt: skip


def wall_gaps(grains: Grains) -> tuple[np.ndarray, np.ndarray]:
    """Distance (n,) of each grain from core|SEI and from SEI|electrolyte [nm]."""
    structure = grains.structure
    outer, middle = structure.layers[-1].outer, heights(structure, grains.centres)
    if structure.kind == "patch":
        up = np.eye(grains.dim)[-1]
        return middle - grains.extent(-up), outer - middle - grains.extent(up)
    if grains.round:
        return middle - grains.reach, outer - middle - grains.reach
    from seix.geometry.stats.convex import hull_distances

    vertices, start = grains.hulls
    farthest = np.maximum.reduceat(heights(structure, vertices), start[:-1])
    if structure.kind == "particles":  # cellular grains around particles in space that touch no other
        own = structure.frame.bodies.centres[structure.frame.bodies.nearest(grains.centres)[0]]
        vertices = vertices - np.repeat(own, np.diff(start), axis=0)
    # the centre of the particle is one more body, of a single vertex
    bodies, begin = np.vstack([vertices, np.zeros(grains.dim)]), np.append(start, start[-1] + 1)
    everyone = np.arange(len(grains))
    origin = np.full(len(grains), len(grains))
    nearest = hull_distances(bodies, begin, everyone, origin, np.zeros((len(grains), grains.dim)))
    return nearest - core_radii(structure, grains.centres) - grains.rounding, outer - farthest - grains.rounding
