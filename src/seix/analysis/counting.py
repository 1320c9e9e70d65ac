"""How many grains a mesh has, in the same words wherever it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..geometry.meshing import TaggedMesh


def grains_in_words(mesh: TaggedMesh) -> str:
    """Grains of the SEI, voids, and domains of the core.

    Parameters
    ----------
    mesh
        Mesh with tags.

    Returns
    -------
    str
        "37 grains (9 of them cut in half by mirror planes)", "20 grains, 4 voids", "12 grains, 9 domains", or "" without any.
        A grain on a periodic side is one: its other half is on the opposite side.
    """
    names = list(mesh.region_names)
    voids = _count(mesh, ["void"] if "void" in names else [])
    domains = _count(mesh, mesh.core_regions)
    grains = _count(mesh, names) - voids - domains
    words = []
    if grains:
        halves = _halves(mesh)
        words.append(_several(grains, "grain") + (f" ({halves} of them cut in half by mirror planes)" if halves else ""))
    words += [_several(number, name) for number, name in ((voids, "void"), (domains, "domain")) if number]
    return ", ".join(words)


def _count(mesh: TaggedMesh, names: list[str]) -> int:
    """Numbers of grains that lie in some regions."""
    chosen = np.isin(mesh.region, [list(mesh.region_names).index(name) for name in names])
    return len(np.unique(mesh.grain[chosen & (mesh.grain >= 0)]))


def _halves(mesh: TaggedMesh) -> int:
    """Grains, but not voids, of which half lies behind a mirror plane: the statistics of the structure count them as 1/2."""
    phases = mesh.statistics.get("structure", {}).get("phases", {})
    return sum(round(2 * (_count(mesh, [name]) - part["grains"])) for name, part in phases.items() if name != "void")


def _several(number: int, name: str) -> str:
    return f"{number} {name}{'s' * (number != 1)}"
