"""Packing of grains: fractions, gaps, sides, repeatability and what is said when it is impossible."""

import re
from dataclasses import replace

import numpy as np
import pytest

from geometry_cases import bilayer, multilayer, one_layer, particle, patch, scenario
from seix.errors import GeometryError
from seix.geometry import packing
from seix.geometry.layers import _frame, build_structure, layer_shapes
from seix.geometry.packing import pack_layer
from seix.geometry.patch import FREE
from seix.geometry.pushing import push_apart

OCTANT = {**particle(16, 5, "octant"), "dimension": 3}
CASES = {
    "bilayer": scenario(patch(), bilayer()),
    "multilayer": scenario(patch(), multilayer(diameter=3)),
    "wide spread": scenario(patch(), one_layer(0.3, spread=0.5)),
    "equal grains": scenario(patch(), one_layer(0.4, spread=0.0)),
    "particle": scenario(particle(), bilayer()),
    "sector": scenario(particle(80, sector=0.8), bilayer(), seed=3),
    "narrow sector": scenario(particle(120, sector=np.radians(12)), multilayer(diameter=3), seed=2),
    "half circle": scenario(particle(30, sector=np.pi), bilayer(), seed=4),
}


@pytest.fixture(params=CASES, scope="module")
def structure(request):
    """Packed once for all tests of this file."""
    return build_structure(CASES[request.param])


def test_every_phase_has_its_area(structure):
    frame = structure.frame
    for k, layer in enumerate(structure.layers):
        for name, fraction in layer.fractions.items():
            chosen = (structure.layer == k) & (structure.phase == structure.phase_names.index(name))
            found = np.pi * (structure.weights[chosen] * structure.radii[chosen] ** 2).sum()
            assert found == pytest.approx(fraction * frame.measure(layer.inner, layer.outer), rel=1e-12)


def test_gaps_between_grains(structure):
    images, source = structure.frame.copies(structure.centres)
    for i, (centre, radius) in enumerate(zip(structure.centres, structure.radii, strict=True)):
        distance = np.hypot(*(images - centre).T)
        other = distance > 1e-9  # its own mirror image lies on it if it sits on the mirror
        gap = np.array([structure.layers[k].gap for k in structure.layer])
        # across a wall each of the two keeps half of its own gap
        wanted = 0.5 * (gap[i] + gap[source])
        assert (distance - radius - structure.radii[source] - wanted)[other].min() > -1e-9


def test_gaps_to_walls(structure):
    x, y = structure.centres.T
    height = y if structure.kind == "patch" else np.hypot(x, y) - structure.core
    last = len(structure.layers) - 1
    for k, layer in enumerate(structure.layers):
        here = structure.layer == k
        if here.any():
            low = layer.gap if k == 0 else 0.5 * layer.gap
            high = layer.gap if k == last else 0.5 * layer.gap
            assert (height - structure.radii - layer.inner)[here].min() > low - 1e-9
            assert (layer.outer - height - structure.radii)[here].min() > high - 1e-9


def test_grains_are_centred_on_a_side_or_clear_of_it(structure):
    frame = structure.frame
    for side in range(len(frame.side_names)):
        distance = frame.side_distance(structure.centres, side)
        on = structure.side == (0 if structure.kind == "patch" else side)
        gap = np.array([structure.layers[k].gap for k in structure.layer])
        clear = ~on
        assert (distance - structure.radii - 0.5 * gap)[clear].min() > -1e-9
        if side == 0 or structure.kind == "particle":
            assert np.abs(distance[on]).max(initial=0.0) < 1e-9


def test_half_grains_of_a_sector_count_half():
    found = 0
    for seed in range(6):
        s = build_structure(scenario(particle(80, sector=0.8), bilayer(), seed=seed))
        on = s.side != FREE
        found += on.sum()
        assert (s.weights[on] == 0.5).all() and (s.weights[~on] == 1.0).all()
        assert s.statistics["sei"]["fraction"] == pytest.approx(0.2, rel=1e-12)
    assert found >= 3  # else this says nothing


def test_same_seed_same_grains():
    one, two = (build_structure(scenario(patch(), bilayer(), seed=7)) for _ in range(2))
    other = build_structure(scenario(patch(), bilayer(), seed=8))
    for name in ("centres", "radii", "phase", "layer", "side"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert not np.array_equal(one.centres, other.centres)


def test_diameters_follow_mean_and_spread():
    s = build_structure(scenario(patch(200), one_layer(0.4, 40, diameter=3, spread=0.25)))
    diameter = 2 * s.radii
    assert len(diameter) > 300
    assert diameter.mean() == pytest.approx(3, rel=0.03)
    assert diameter.std() / diameter.mean() == pytest.approx(0.25, rel=0.1)


def test_phases_are_mixed():
    s = build_structure(scenario(patch(200), multilayer(40, 1, 0.4, diameter=4)))
    x = s.centres[:, 0]
    counts = [np.bincount(s.phase[(x >= a) & (x < a + 50)], minlength=2) for a in (0, 50, 100, 150)]
    assert np.min(counts) > 5


def test_dense_inner_layer_packs():
    s = build_structure(scenario(patch(120, 40, 15), bilayer(40, 20, 0.26, diameter=7, gap=0.6)))
    assert s.statistics["layers"][0]["fraction"] == pytest.approx(0.52, rel=1e-12)


def test_too_dense_names_the_highest_fraction_and_it_packs():
    with pytest.raises(GeometryError) as caught:
        build_structure(scenario(patch(50), one_layer(0.7)))
    message = str(caught.value)
    assert caught.value.exit_code == 4
    assert "70.0 %" in message and "smaller gap" in message and "\n" not in message
    assert 0.5 < highest(message) < 0.7
    build_structure(scenario(patch(50), one_layer(highest(message))))


def test_a_gap_that_takes_the_room_is_blamed():
    """Not the diameter, if even the densest order of such grains has no such gaps; that of a message follows from it."""
    with pytest.raises(GeometryError) as caught:
        build_structure(scenario(patch(50), one_layer(0.5, diameter=5, gap=4)))
    message = str(caught.value)
    assert "the gap takes the room" in message and "another diameter" not in message
    densest = float(re.search(r"would have gaps of ([0-9.]+) nm", message).group(1))
    assert densest == pytest.approx(5 * ((0.87 / 0.5) ** 0.5 - 1), rel=5e-3)
    with pytest.raises(GeometryError, match="a gap of 45 nm leaves grains of 5 nm no room between its walls and sides"):
        build_structure(scenario(patch(48), one_layer(0.1, diameter=5, gap=45, thickness=200)))


def highest(message):
    """The fraction that a refusal says is reachable."""
    return float(re.search(r"reachable is ([0-9.]+) %", message).group(1)) / 100


DENSE = {
    "plane": (scenario(patch(120, 40, 15), bilayer(40, 20, 0.01, diameter=7, spread=0.1)), (0.62, 0.63, 0.64, 0.7), 0.598),
    "octant": (scenario(OCTANT, multilayer(7, 1, 0.2, diameter=3.6)), (0.27, 0.5), 0.255),
}


@pytest.mark.parametrize("name", DENSE)
def test_highest_fraction_packs_with_the_effort_of_a_request(name):
    given, asked, packs = DENSE[name]
    layer, band = first_layer(given)
    fraction = sum(layer.fractions.values())
    for wanted in asked:
        denser = replace(layer, fractions={k: f * wanted / fraction for k, f in layer.fractions.items()})
        with pytest.raises(GeometryError, match="highest fraction reachable") as caught:
            pack_layer(denser, band, 1, 0)
        found = highest(str(caught.value))
        assert packs <= found < wanted
        pack_layer(replace(layer, fractions={k: found * (f / fraction) for k, f in layer.fractions.items()}), band, 1, 0)


def first_layer(given):
    """The layer at the core and its packing space."""
    layers = layer_shapes(given)
    layer = layers[0]
    return layer, _frame(given, layers).band(layer.inner, layer.outer, layer.gaps, layer.gap)


def test_refusal_costs_a_few_packings(monkeypatch):
    moved = []

    def counted(x, *given):
        moved.append(len(x))
        return push_apart(x, *given)

    monkeypatch.setattr(packing, "push_apart", counted)
    layer, band = first_layer(scenario(patch(1500, 40, 15), one_layer(0.56, diameter=4, gap=0.4)))
    pack_layer(layer, band, 1, 0)
    easy = sum(moved)
    moved.clear()
    with pytest.raises(GeometryError, match="highest fraction reachable"):
        pack_layer(replace(layer, fractions={"LiF": 0.68}), band, 1, 0)
    # near the ceiling one packing moves the grains five times as often
    assert sum(moved) < 20 * easy


def test_no_grain_at_all_says_which_period_would_do():
    with pytest.raises(GeometryError, match="no grain at all") as caught:
        build_structure(scenario(patch(40), one_layer(0.006)))
    period = float(re.search(r"period of at least ([0-9.]+) nm", str(caught.value)).group(1))
    assert len(build_structure(scenario(patch(period + 0.1), one_layer(0.006))).radii) == 1


def test_few_grains_are_not_stretched():
    with pytest.raises(GeometryError, match="whole number"):
        build_structure(scenario(patch(40), one_layer(1.41 * np.pi * 2.5**2 * 1.0225 / 800)))


def test_sector_too_narrow_for_its_grains():
    with pytest.raises(GeometryError, match="do not fit"):
        build_structure(scenario(particle(15, sector=np.radians(10)), one_layer(0.3, diameter=6)))
