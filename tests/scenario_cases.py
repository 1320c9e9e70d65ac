"""Every shipped scenario, on meshes and patches small enough for tests."""

import pytest
import shipped

from seix.scenario_file import load_study

FILES = [path for path in shipped.scenarios() if path.parent.name != "studies"]
"""Those of studies are smaller ones of the others."""
COARSE = {"cells_per_diameter": 2.5, "cells_per_gap": 0.5, "cells_per_layer": 2, "growth": 1.8}
NARROW = ["geometry.period=40 nm", "geometry.core_depth=20 nm"]
THIN = ["sei.thickness=60 nm", "geometry.core_depth=15 nm", "geometry.electrolyte_depth=15 nm"]
PAIR = "[{centre: [16 nm, 17 nm, 16 nm], core_radius: 8 nm}, {centre: [40 nm, 38 nm, 38 nm], core_radius: 7 nm}]"
SMALLER = {
    "bilayer": NARROW,
    "bilayer_oligomer": NARROW,
    "multilayer": NARROW,
    "field_and_stress": NARROW,
    "field_3d": ["geometry.period=21 nm"],
    "consSEI_family": THIN,
    "consSEI_family_3d": THIN,
    "particles_in_space": ["geometry.box=56 nm", f"geometry.particles={PAIR}", "sei.inorganic={LiF: 0.02, Li3N: 0.01}"],
}
"""Changes by file that leave the kind of structure as it is and take fewer cells."""
MEMBERS = {"consSEI_family": ["x1", "x5"], "consSEI_growing": ["x1", "x10"], "consSEI_family_3d": ["x1"],
           "consSEI_growing_3d": ["x1"], "field_3d": ["bilayer"]}  # fmt: skip
"""Of a series the members that stand for it; all of them elsewhere."""
SLOW = {"binder", "several_particles", "consSEI_family_3d", "consSEI_growing_3d", "field_3d", "octant", "particles_in_space",
        "field_and_stress", "consSEI_growing", "activation", "activation_full_cell", "gitt",
        "indentation", "indentation_3d", "space", "plane", "boundary", "grown"}  # fmt: skip
"""Many cells, or much like another one."""


def cases():
    """File and member of everything that is shipped."""
    for path in FILES:
        names = MEMBERS.get(path.stem) or list(load_study(path).members)
        for name in names:
            marks = [pytest.mark.slow] if path.stem in SLOW else []
            label = path.stem if len(names) == 1 else f"{path.stem}-{name}"
            yield pytest.param(path, name, id=label, marks=marks)


def coarse_scenario(path, name):
    """A member of a file at a coarse mesh."""
    mesh = [f"mesh.{key}={value}" for key, value in COARSE.items()]
    return load_study(path, [*mesh, "error.method=none", *SMALLER.get(path.stem, [])]).members[name]
