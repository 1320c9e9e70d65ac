"""Instruments from a scenario file to the tables that a run writes, against formulas of others."""

import csv
import json
import math

import pytest

from seix.cli import main
from seix.materials import MaterialLibrary

RADIUS, DEPTH, WORK, THICKNESS = 10e-9, 2e-9, 0.03, 40e-9
FILM = f"""
title: film
geometry: {{ kind: patch, period: 20 nm, core_depth: 10 nm, electrolyte_depth: 5 nm }}
sei: {{ structure: homogeneous, thickness: {THICKNESS} m }}
mesh: {{ cells_per_layer: 2 }}
output: {{ dpi: 50 }}
measure:
  indentation: {{ tip_radius: {RADIUS} m, depth: {DEPTH} m, tip_shape: paraboloid, KEYS }}
"""
MISSED = 0.15 / 32**2
"""Relative error of the force with 32 cells across the contact at the largest depth (theory, below T3)."""


def measured(folder, keys, more=""):
    """Quantities, curves and record of a run of the film."""
    (folder / "film.yaml").write_text(FILM.replace("KEYS", keys) + more)
    assert main(["run", str(folder / "film.yaml"), "-o", str(folder / "out")]) == 0
    with (folder / "out/measured/film_indentation_curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    curves = [[float(row[key]) for row in rows] for key in ("depth [m]", "force [N]")]
    quantities = {}
    with (folder / "out/quantities.csv").open() as file:
        for row in csv.DictReader(file):
            quantities[row["quantity"]] = float(row["value"])
    return quantities, curves, json.loads((folder / "out/record.json").read_text())


def on_a_rigid_floor(depth, modulus, poisson_ratio):
    """Force of a paraboloid on a film that is bonded to a rigid floor.

    Dimitriadis, Horkay, Maresca, Kachar and Chadwick, Biophys. J. 82 (2002) 2798, doi:10.1016/S0006-3495(02)75620-8.
    """
    nu, x = poisson_ratio, math.sqrt(RADIUS * depth) / THICKNESS
    a = -(1.2876 - 1.4678 * nu + 1.3442 * nu**2) / (1 - nu)
    b = (0.6387 - 1.0277 * nu + 1.5164 * nu**2) / (1 - nu)
    cubic = 8 / math.pi**3 * (a**3 + 4 * math.pi**2 / 15 * b)
    quartic = 16 * a / math.pi**4 * (a**3 + 3 * math.pi**2 / 5 * b)
    series = 1 - 2 * a / math.pi * x + (2 * a / math.pi * x) ** 2 - cubic * x**3 + quartic * x**4
    return 4 / 3 * modulus / (1 - nu**2) * math.sqrt(RADIUS) * depth**1.5 * series


@pytest.mark.slow
def test_a_wet_film_is_as_soft_as_its_record_says(tmp_path):
    """2.2 MPa on a core 40 000 times as stiff.

    The coefficients of the formula are fits over the Poisson ratio with four digits; what they miss grows with contact over
    thickness, here up to 0.11. A dry modulus would read a thousand times as much, the floor is 13 % of the force.
    """
    _, (depths, forces), _ = measured(tmp_path, "medium: wet")
    polymer = MaterialLibrary().record("organic_polymer").properties
    wet, poisson = polymer["wet_youngs_modulus"].value, polymer["poisson_ratio"].value
    assert depths[-1] == pytest.approx(DEPTH) and len(depths) == 16
    for depth, force in zip(depths, forces, strict=True):
        # fewer cells across a smaller contact
        allowed = MISSED * DEPTH / depth + 0.02 * math.sqrt(RADIUS * depth) / THICKNESS
        assert force == pytest.approx(on_a_rigid_floor(depth, wet, poisson), rel=allowed)


@pytest.mark.slow
def test_adhesion_shifts_the_curve_by_the_pull_off(tmp_path):
    """Film and core of one modulus, film in the electrolyte: the law of Derjaguin, Muller and Toporov at every depth."""
    half_space = """
materials:
  override:
    organic_polymer: { youngs_modulus: 4 GPa, wet_youngs_modulus: 1 GPa, poisson_ratio: 0.3 }
    si_c_composite: { youngs_modulus: 1 GPa, poisson_ratio: 0.3 }
"""
    sticky = f"medium: wet, adhesion: {{ work: {WORK} J/m^2 }}"
    quantities, (depths, forces), record = measured(tmp_path, sticky, half_space)
    pull, reduced = 2 * math.pi * RADIUS * WORK, 1e9 / (1 - 0.3**2)
    for depth, force in zip(depths, forces, strict=True):
        hertz = 4 / 3 * reduced * math.sqrt(RADIUS) * depth**1.5
        assert force == pytest.approx(hertz - pull, abs=2 * MISSED * DEPTH / depth * hertz)
    assert forces[0] < 0 < forces[-1]
    assert quantities["indentation.pull_off"] == pytest.approx(pull, rel=1e-12)
    assert quantities["indentation.force"] == pytest.approx(forces[-1], rel=1e-9)
    assert quantities["indentation.modulus.hertz"] == pytest.approx(1e9, rel=2 * MISSED)
    assert quantities["indentation.mean_pressure"] > 0
    # of this contact, with an attraction over 0.3 nm
    number = 1.157 * (RADIUS * WORK**2 / (quantities["indentation.modulus.hertz"] ** 2 / 0.91**2 * 0.3e-9**3)) ** (1 / 3)
    (structure,) = record["structures"]
    assert structure["numerics"]["linear_problems"]
    for solved in structure["numerics"]["linear_problems"]:
        assert solved["field"] == "displacement" and solved["solver"] == "direct" and solved["loads"] > 0
        assert solved["residual"] <= 10 * solved.get("tolerance_of_rounding", solved["tolerance"])
    assert structure["numerics"]["linear_problems"] == structure["numerics"]["levels"][0]["linear_problems"]
    reading = structure["readings"]["indentation"]
    assert reading["maugis_number"] == pytest.approx(number, rel=1e-6)
