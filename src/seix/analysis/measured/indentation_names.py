"""Names that the virtual atomic force microscope reports."""

from __future__ import annotations

from ..quantity_info import QuantityInfo

_WHERE = "in 3D the mean over all places of the tip on resolved grains, in 2D on the homogenised layers"
INDENTATION_TABLE = (
    QuantityInfo(
        "indentation.modulus.hertz",
        "Pa",
        "Young's modulus that an atomic force microscope reports (Hertz, or DMT with adhesion)",
        "(1 - nu^2) E*, with F + 2 pi R w = 4/3 E* sqrt(R) d^1.5 fitted to the whole curve and the Poisson ratio nu that the "
        f"instrument assumes; {_WHERE}",
        True,
        label="AFM modulus",
    ),
    QuantityInfo(
        "indentation.modulus.oliver_pharr",
        "Pa",
        "Young's modulus that a nanoindenter reports (Oliver and Pharr)",
        "(1 - nu^2) sqrt(pi) S/(2 sqrt(A)), S the slope of unloading at the largest depth, A the cross-section of the tip at the "
        f"contact depth d - 0.75 F/S; {_WHERE}",
        True,
    ),
    QuantityInfo(
        "indentation.modulus.layers",
        "Pa",
        "AFM modulus of the homogenised layers, in 3D",
        "as `indentation.modulus.hertz`, on layers with their effective stiffness in place of grains",
    ),
    QuantityInfo(
        "indentation.modulus.scatter",
        "Pa",
        "scatter of the AFM modulus between places, in 3D",
        "standard deviation of `indentation.modulus.hertz` over the places of the tip",
    ),
    QuantityInfo(
        "indentation.force",
        "N",
        "force at the largest depth",
        f"on the tip, less 2 pi R w with adhesion; {_WHERE}",
    ),
    QuantityInfo(
        "indentation.stiffness",
        "N/m",
        "slope of unloading at the largest depth",
        f"of a power law fitted to the part of the curve above a quarter of the largest force; {_WHERE}",
    ),
    QuantityInfo(
        "indentation.contact_radius",
        "m",
        "radius of the contact at the largest depth",
        f"of a circle of the area that touches, which no instrument sees; {_WHERE}",
    ),
    QuantityInfo(
        "indentation.mean_pressure",
        "Pa",
        "mean pressure of the contact at the largest depth",
        f"force without adhesion over the area that touches, to be compared with the strength of the materials; {_WHERE}",
    ),
    QuantityInfo(
        "indentation.pull_off",
        "N",
        "force of adhesion",
        "2 pi R w (DMT), with `measure.indentation.adhesion` only",
    ),
)
"""In the order of the report."""
