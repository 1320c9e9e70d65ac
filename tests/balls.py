"""Small boxes of particles in space for the tests; lengths are given in nanometres."""

from __future__ import annotations

from seix.scenario import Scenario

NM = 1e-9
PAIR = ((16.0, 17.0, 16.0, 8.0), (40.0, 38.0, 38.0, 7.0))
"""Centre and core radius of two particles in a box of 56 nm that lie apart."""
PLAIN = {"structure": "homogeneous", "thickness": 6 * NM}
GRAINS = {"diameter": 4 * NM, "spread": 0.1, "gap": 0.8 * NM}
BILAYER = {"structure": "bilayer", "thickness": 9 * NM, "inner_thickness": 6 * NM, "inorganic": {"LiF": 0.08, "Li3N": 0.04},
           "grains": GRAINS}  # fmt: skip
ONE_LAYER = {"structure": "multilayer", "thickness": 6 * NM, "layers": 1, "inorganic": {"LiF": 0.1, "Li3N": 0.04},
             "grains": GRAINS}  # fmt: skip
TWO_LAYERS = {"structure": "multilayer", "thickness": 12 * NM, "layers": 2, "inorganic": {"LiF": 0.1}, "grains": GRAINS}
COARSE = {"cells_per_diameter": 2.0, "cells_per_gap": 0.5, "cells_per_layer": 2.0, "growth": 1.8}


def box(sei=PLAIN, bodies=PAIR, edge=56.0, mesh=COARSE, **geometry) -> Scenario:
    """A scenario of listed particles, or of random ones if `geometry` says so."""
    given = {"kind": "particles", "dimension": 3}
    if "number" not in geometry:
        listed = [{"centre": [v * NM for v in centre], "core_radius": r * NM} for *centre, r in bodies]
        given |= {"box": edge * NM, "particles": listed}
    return Scenario.model_validate({"title": "test", "geometry": given | geometry, "sei": sei, "mesh": mesh})
