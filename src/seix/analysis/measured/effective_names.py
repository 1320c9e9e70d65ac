"""Names of the effective properties of the SEI."""

from __future__ import annotations

from collections.abc import Iterator

from ..quantity_info import QuantityInfo

BOUNDS = ("reuss", "hs_lower", "hs_upper", "voigt")
"""Bounds on an effective value, in ascending order (:mod:`seix.measure.bounds`)."""
_DIRECTIONS = {"through": "through the film", "in_plane": "along the film"}
_FACES = "on both faces the field follows the mean gradient"
_TRANSPORT = {
    "conductivity": ("S/m", "ionic conductivity", "current density over field, with conduction along grain boundaries"),
    "diffusivity": ("m2/s", "diffusivity of lithium", "flux over gradient, with diffusion along grain boundaries"),
    "permittivity": ("1", "relative permittivity", "displacement over field and the permittivity of vacuum"),
}
_MODULI = {
    "youngs_modulus.through": ("Young's modulus", "of a bar cut from the film, free at its sides: 1/S33"),
    "youngs_modulus.in_plane": ("Young's modulus", "of a bar cut from the film, free at its sides: 1/S11"),
    "uniaxial_strain_modulus.through": ("uniaxial-strain modulus", "stress over strain without strain along the film: C33"),
    "plane_strain_modulus.in_plane": (
        "plane-strain modulus",
        "stress over strain without strain across it in the plane and without stress through the film: C11 - C13^2/C33",
    ),
    "biaxial_modulus.in_plane": (
        "biaxial modulus",
        "stress over strain, the same in both directions of the film, without stress through it, C11 + C12 - 2 C13^2/C33: what a "
        "swelling core has to stretch",
    ),
    "indentation_modulus.through": (
        "indentation modulus",
        "E/(1 - nu^2) of an isotropic half-space that a frictionless tip dents as easily as one of this film (3D only)",
    ),
}
_COMPANIONS = (
    "`uniform_faces`: with uniform traction on both faces, or along the film without current through them, the least for any "
    "condition there; `reuss`, `voigt`: bounds for any arrangement of the phases; `hs_lower`, `hs_upper`: of Hashin and "
    "Shtrikman for layers of isotropic composites in series, of a 2D patch only where direction 2 has no part, the upper one not "
    "with grain boundaries"
)
_LABELS = {
    "conductivity.through": "conductivity through SEI",
    "conductivity.in_plane": "conductivity along SEI",
    "diffusivity.through": "Li diffusivity through SEI",
    "youngs_modulus.through": "Young's modulus through SEI",
    "youngs_modulus.in_plane": "Young's modulus along SEI",
}
_ENERGY = "-d ln(value)/d(1/RT) at the temperature of the scenario, from a temperature sweep"


def _table() -> Iterator[QuantityInfo]:
    rows = [
        (f"{name}.{direction}", unit, words, f"{definition}; {_FACES}")
        for name, (unit, words, definition) in _TRANSPORT.items()
        for direction in _DIRECTIONS
    ]
    rows += [(name, "Pa", words, f"{definition}; {_FACES}") for name, (words, definition) in _MODULI.items()]
    for name, unit, words, definition in rows:
        meaning = f"effective {words} {_DIRECTIONS[name.rsplit('.', 1)[1]]}"
        yield QuantityInfo(f"effective.{name}", unit, meaning, definition, True, label=_LABELS.get(name), kind="integral")
        yield QuantityInfo(f"effective.{name}.<bound>", unit, f"bound on the {meaning}", _COMPANIONS, kind="integral")
    for name in ("conductivity", "diffusivity"):
        for direction, where in _DIRECTIONS.items():
            meaning = f"activation energy of the effective {_TRANSPORT[name][1]} {where}"
            label = "activation energy through SEI" if (name, direction) == ("conductivity", "through") else None
            yield QuantityInfo(
                f"effective.activation_energy.{name}.{direction}", "J/mol", meaning, _ENERGY, True, label=label, kind="integral"
            )
    yield QuantityInfo(
        "effective.stiffness.c<ij>", "Pa", "component of the effective stiffness",
        f"Voigt's notation, 3 through the film, engineering shear strains; of a 2D patch 2 is normal to its plane; {_FACES}",
        kind="integral",
    )  # fmt: skip
    for name in ("bulk_modulus", "shear_modulus", "youngs_modulus"):
        words = name.replace("_", " ").replace("youngs", "Young's")
        meaning = f"{words} of many pieces of the film in all orientations"
        definition = "mean of Voigt's and Reuss's means of all (Hill)"
        yield QuantityInfo(f"effective.isotropic.{name}", "Pa", meaning, definition, kind="integral")
    ratio = "Poisson's ratio of these"
    yield QuantityInfo("effective.isotropic.poisson_ratio", "1", ratio, "from bulk and shear modulus", kind="integral")


EFFECTIVE_TABLE: tuple[QuantityInfo, ...] = tuple(_table())
