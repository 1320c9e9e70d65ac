"""Grain structures with known answers, and the falsifiers of the comparison.

Lattices of round grains between two equipotentials are infinite lattices by symmetry; statements that hold for any
structure are tested on random packings.
"""

import dataclasses
import math

import numpy as np
import pytest

from seix.parameters import InterfaceLaw
from seix.scenario import MeshControl
from support import discs, parameters, solved

PERFECT = InterfaceLaw(law="perfect_contact")
MATRIX = 1e-7


def conducting(ratio, surface=0.0, **values):
    """Parameters of a film between two equipotentials; grains conduct ``ratio`` times as well as the matrix."""
    return parameters(
        {"organic_polymer": MATRIX, "LiF": ratio * MATRIX, "electrolyte": MATRIX * 1e7}, "organic_polymer", PERFECT,
        surface_conductance=surface, core_conductivity=1.0, **values,
    )  # fmt: skip


def square_lattice(rows, columns, pitch, fraction, **controls):
    """Rows and columns of discs in square cells; each row is a layer."""
    radius = pitch * math.sqrt(fraction / math.pi)
    x, y = np.meshgrid((np.arange(columns) + 0.5) * pitch, (np.arange(rows) + 0.5) * pitch)
    centres = np.column_stack([x.ravel(), y.ravel()])
    return discs(centres, radius, columns * pitch, [pitch] * rows, gap=pitch - 2 * radius, **controls)


def perrins(fraction, ratio):
    """Conductivity of a square array of discs over that of the matrix (Perrins, McKenzie, McPhedran 1979; B11)."""
    t, f = (1 + ratio) / (1 - ratio), fraction
    return 1 - 2 * f / (t + f - 0.305827 * f**4 * t / (t**2 - 1.402958 * f**8) - 0.013362 * f**8 / t)


@pytest.mark.parametrize("fraction, ratio", [(0.1, 1e-9), (0.3, 1e-9), (0.5, 1e-9), (0.3, 100.0), (0.5, 100.0)])
def test_square_array(fraction, ratio):
    """B11: effective conductivity of a square array, insulating and well conducting, to 0.02 %."""
    _, results = solved(square_lattice(1, 1, 10.0, fraction, cells_per_diameter=14), conducting(ratio))
    assert results[1.0]["sei.effective_conductivity"] / MATRIX == pytest.approx(perrins(fraction, ratio), rel=2e-4)


@pytest.mark.parametrize("ratio", [1e-3, 10.0])
def test_cylinder_in_uniform_field(ratio):
    """B05: inside a lone cylinder the field is 2/(r+1), uniform; the largest outside 2 r/(r+1) at the poles or 2/(r+1)."""
    fraction = 1e-3
    radius, pitch = 1.0, math.sqrt(math.pi / fraction)
    mesh = discs([[pitch / 2, pitch / 2]], radius, pitch, [pitch], cells_per_diameter=32, gap=5.0)
    _, results = solved(mesh, conducting(ratio))
    # in a lattice of this fraction the field inside is larger than in a lone cylinder by 1 + f (1-r)/(1+r) (Maxwell)
    inside = 2 / (ratio + 1) * (1 + fraction * (1 - ratio) / (1 + ratio))
    assert results[1.0]["field_enhancement.mean.LiF"] == pytest.approx(inside, rel=1e-4)
    assert results[1.0]["field_enhancement.p999.LiF"] == pytest.approx(inside, rel=2e-3)
    # the raw maximum is taken at the quadrature point nearest to the pole or equator: first order in the cell
    assert results[1.0]["field_enhancement.max"] == pytest.approx(max(2, 2 * ratio) / (ratio + 1), rel=0.05)


@pytest.mark.parametrize("spread", [False, True])
def test_neutral_inclusion(spread):
    """B06: grains whose surface conductance makes up for their poor bulk are not seen: Sigma_s/a = kappa_m - kappa_i."""
    rng = np.random.default_rng(3)
    centres = np.array([(x, y) for x in (0.0, 5.0, 10.0) for y in (3.0, 8.0, 13.0)]) + (
        [0, 0.4] * rng.random((9, 2)) if spread else 0
    )
    mesh = discs(centres, 1.5, 15.0, [16.0], gap=0.5)
    ratio = 0.01
    _, results = solved(mesh, conducting(ratio, surface=MATRIX * (1 - ratio) * 1.5e-9))
    assert results[1.0]["sei.effective_conductivity"] / MATRIX == pytest.approx(1, rel=2e-4)
    assert results[1.0]["field_enhancement.mean.organic_polymer"] == pytest.approx(1, rel=2e-4)
    assert results[1.0]["field_enhancement.p999.organic_polymer"] == pytest.approx(1, rel=1e-2)
    assert results[1.0]["field_enhancement.mean.LiF"] == pytest.approx(1, rel=1e-3)


def test_grains_like_the_matrix_are_invisible():
    """Falsifier (iii): with equal conductivities every field enhancement is one."""
    _, results = solved(square_lattice(2, 2, 10.0, 0.5, cells_per_diameter=4), conducting(1.0))
    for name, value in results[1.0].items():
        if name.startswith("field_enhancement"):
            assert value == pytest.approx(1, rel=1e-9), name


def test_number_of_layers_does_not_matter_without_grain_boundaries():
    """Falsifier (i): 2, 4 or 8 rows at the same fraction and thickness give the same film; with conducting boundaries not."""
    plain, boundaries = [], []
    for rows in (2, 4, 8):
        mesh = square_lattice(rows, 1, 40.0 / rows, 0.3, cells_per_diameter=6)
        for results, surface in ((plain, 0.0), (boundaries, 10 * MATRIX * 0.5e-9)):
            results.append(solved(mesh, conducting(1e-3, surface))[1][1.0])
    for name in ("sei.effective_conductivity", "field_enhancement.p999", "field_enhancement.mean"):
        assert np.ptp([r[name] for r in plain]) < 0.01 * plain[0][name], name
    # a disc with a conducting skin acts like one of conductivity kappa_i + Sigma_s/a, so smaller grains conduct better
    radii = [40.0 / rows * math.sqrt(0.3 / math.pi) for rows in (2, 4, 8)]
    expected = [perrins(0.3, 1e-3 + 10 * 0.5 / radius) for radius in radii]
    assert [r["sei.effective_conductivity"] / MATRIX for r in boundaries] == pytest.approx(expected, rel=1e-3)
    assert expected[0] * 1.1 < expected[1] < expected[2] / 1.1


def test_equal_local_packing_gives_equal_peaks():
    """Falsifier (ii): fine grains crowded as much as the coarse ones of a bilayer have the same largest fields."""
    coarse = square_lattice(1, 1, 20.0, 0.5, cells_per_diameter=8)  # the inner half of a bilayer
    fine = square_lattice(4, 1, 5.0, 0.5, cells_per_diameter=8)
    loose = square_lattice(4, 1, 5.0, 0.25, cells_per_diameter=8)  # spread over twice the area
    peaks = [solved(mesh, conducting(1e-3))[1][1.0]["field_enhancement.p999"] for mesh in (coarse, fine, loose)]
    assert peaks[1] == pytest.approx(peaks[0], rel=0.01)
    assert peaks[2] < 0.75 * peaks[0]


def test_scale_free():
    """Falsifier (iv): a structure ten times as large has the same normalised field."""
    small = square_lattice(1, 2, 10.0, 0.4)
    sizes = {name: 10 * getattr(small, name) for name in ("points", "period", "core_size", "sei_thickness", "electrolyte_depth")}
    results = [solved(mesh, conducting(1e-3))[1][1.0] for mesh in (small, dataclasses.replace(small, **sizes))]
    for name, value in results[0].items():
        if name.startswith("field_enhancement"):
            assert results[1][name] == pytest.approx(value, rel=1e-7), name


def test_conducting_grains_concentrate_less():
    """Falsifier (v): the peak of crowded over spread grains shrinks when blocking LiF is replaced by conducting Li3N."""
    crowded, spread = square_lattice(2, 1, 10.0, 0.6), square_lattice(2, 1, 10.0, 0.3)
    ratios = []
    for ratio in (1e-4, 1e3):
        peaks = [solved(mesh, conducting(ratio))[1][1.0]["field_enhancement.p999"] for mesh in (crowded, spread)]
        ratios.append(peaks[0] / peaks[1])
    assert ratios[1] < 0.8 * ratios[0]


def test_stress_knows_no_size():
    """Falsifier (vi): without a fracture energy a structure ten times as large has the same stress; lithium left out."""
    small = square_lattice(1, 2, 10.0, 0.4)
    sizes = {name: 10 * getattr(small, name) for name in ("points", "period", "core_size", "sei_thickness", "electrolyte_depth")}
    values = conducting(
        1e-3, modulus={"LiF": 118e9}, core_swelling=0.01, in_plane_strain=0.03, out_of_plane_strain=0.01, partial_molar_volume=0.0
    )
    results = [solved(mesh, values)[1][1.0] for mesh in (small, dataclasses.replace(small, **sizes))]
    assert results[0]["stress.first_principal.p999.LiF"] > 1e8
    for name, value in results[0].items():
        if name.startswith("stress"):
            assert results[1][name] == pytest.approx(value, rel=1e-7), name
    assert results[1]["strain_energy.sei"] == pytest.approx(100 * results[0]["strain_energy.sei"], rel=1e-7)


def test_peaks_of_the_field_have_converged():
    """Falsifier (vii): at the cell sizes that a scenario has without asking, P99.9 changes by less than 2 % in finer cells."""
    default = MeshControl()
    sizes = [(factor * default.cells_per_diameter, factor * default.cells_per_gap) for factor in (1, 1.5, 3)]
    results = [
        solved(square_lattice(1, 1, 10.0, 0.6, cells_per_diameter=across, cells_per_gap=gap), conducting(1e-3))[1][1.0]
        for across, gap in sizes
    ]
    for name, value in results[-1].items():
        if name.startswith("field_enhancement.p999"):
            assert [coarser[name] for coarser in results[:-1]] == pytest.approx([value] * 2, rel=0.02), name
