"""The growth law against closed forms, conservation laws and an independent integration in time."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from seix.activation.growth import Film, Reaction, Step, driving, grow, stages_of
from seix.activation.layering import Grain, NoLayers, grain_diameter, layers_of
from seix.activation.outcome import activate, coulombic_efficiency

F = 96485.33212331
VOLUMES = {"LiF": 9.8e-6, "Li3N": 2.7e-5, "oligomer": 6.1e-5, "polymer": 9.6e-5}
INORGANIC = ("LiF", "Li3N")
REACTIONS = {
    "salt": Reaction(1.5, 2, {"LiF": 2}, 0.75),
    "nitrate": Reaction(1.5, 8, {"Li3N": 1}, 0.25),
    "additive": Reaction(1.1, 1, {"LiF": 1, "oligomer": 1}),
    "solvent": Reaction(0.85, 2, {"polymer": 1}),
}
STAGES = stages_of(REACTIONS, VOLUMES)
GRAIN = Grain(1e16, 0.15, 0.4e-9, 0.36)
PULSES = [Step(1.4, 1.4, 90.0), Step(1.0, 1.0, 15.0), Step(0.8, 0.8, 90.0)]
SWEEP = Step(1.6, 0.01, 1590.0)


def total(deposits) -> float:
    """Thickness of all deposits [m]."""
    return math.fsum(one.thickness for one in deposits)


def volumes(deposits) -> dict[str, float]:
    """Of each product on a unit area [m]."""
    found = dict.fromkeys(VOLUMES, 0.0)
    for one in deposits:
        for name, volume in STAGES[one.stage].volumes.items():
            found[name] += volume * one.charge
    return found


# --- growth -----------------------------------------------------------------------------------------------------------


def test_one_long_step_is_the_parabolic_law():
    """B37: L = sqrt(L0^2 + 2 k t), with k from the molar volume of one product; the numbers worked out by hand."""
    stages = stages_of({"solvent": Reaction(0.85, 2, {"polymer": 1})}, VOLUMES)
    leakage, start = 5e-9, 5e-9
    k = 9.6e-5 / (2 * F) * leakage * (0.85 - 0.80)
    assert k == pytest.approx(1.2437e-19, rel=1e-4)
    for time in (1.0, 100.0, 1e4):
        deposits = grow([[Step(0.8, 0.8, time)]], stages, Film(leakage, start / leakage))
        assert start + total(deposits) == pytest.approx(math.sqrt(start**2 + 2 * k * time), rel=1e-13)
    bare = grow([[Step(0.8, 0.8, 400.0)]], stages, Film(leakage))
    assert total(bare) == pytest.approx(math.sqrt(2 * k * 400.0), rel=1e-14)


@pytest.mark.parametrize("parts", [2, 7, 100])
@pytest.mark.parametrize("resistance", [0.0, 1.0])
def test_a_step_in_parts_deposits_the_same(parts, resistance):
    """x repeats of t/x with the film carried over are one step of t: the law is a semigroup, and so is the structure."""
    film = Film(5e-9, resistance)
    whole = grow([[Step(1.0, 1.0, 600.0)]], STAGES, film)
    split = grow([[Step(1.0, 1.0, 600.0 / parts)]] * parts, STAGES, film)
    assert total(split) == pytest.approx(total(whole), rel=1e-12)
    one, other = (layers_of(deposits, STAGES, INORGANIC, GRAIN) for deposits in (whole, split))
    assert [layer.matrix for layer in other] == [layer.matrix for layer in one]
    for before, after in zip(one, other, strict=True):
        assert (after.thickness, after.diameter) == pytest.approx((before.thickness, before.diameter), rel=1e-10)
        assert after.phases == pytest.approx(before.phases, rel=1e-10)


def test_thickness_does_not_depend_on_the_order_of_steps():
    """Only the sum of volume times driving counts in L^2, so the same steps give the same total in any order."""
    film = Film(5e-9, 0.5)
    forth, back = grow([PULSES], STAGES, film), grow([PULSES[::-1]], STAGES, film)
    assert total(forth) == pytest.approx(total(back), rel=1e-13)
    assert volumes(forth)["LiF"] > volumes(back)["LiF"], "but what comes first grows fastest"


@pytest.mark.parametrize("carried", [0.0, 0.3, 1.0])
def test_film_that_is_left_slows_the_next_repeat(carried):
    deposits = grow([PULSES] * 6, STAGES, Film(5e-9, 1.0, carried))
    repeats = [total(one for one in deposits if one.cycle == k) for k in range(6)]
    if carried == 0.0:
        assert repeats == pytest.approx([repeats[0]] * 6, rel=1e-13)
    else:
        assert all(later < earlier for earlier, later in itertools.pairwise(repeats))
    # the resistance before repeat n is that of the film before it, of which a part is left each time
    left = 0.0
    twice = sum(2 * STAGES[k].volume * drive / 5e-9 for step in PULSES for k, drive in driving(step, [1.5, 1.1, 0.85]))
    for thickness in repeats:
        end = math.sqrt((1.0 + left) ** 2 + twice)
        assert thickness == pytest.approx(5e-9 * (end - 1.0 - left), rel=1e-12)
        left = carried * (end - 1.0)


def test_only_the_nearest_onset_above_reacts():
    onsets = [1.5, 1.1, 0.85]
    assert list(driving(Step(1.5, 1.5, 10.0), onsets)) == []
    assert list(driving(Step(1.4, 1.4, 10.0), onsets)) == [(0, pytest.approx(1.0))]
    assert list(driving(Step(1.1, 1.1, 10.0), onsets)) == [(0, pytest.approx(4.0))]
    assert list(driving(Step(0.0, 0.0, 10.0), onsets)) == [(2, pytest.approx(8.5))]


def test_a_sweep_passes_every_stage_for_its_time():
    """Triangles and trapezoids under onset minus potential, by hand: 1.6 V to 0.6 V in 1000 s."""
    found = dict(driving(Step(1.6, 0.6, 1000.0), [1.5, 1.1, 0.85]))
    assert found == pytest.approx({0: 0.5 * 0.4 * 400, 1: 0.5 * 0.25 * 250, 2: 0.5 * 0.25 * 250}, rel=1e-12)


@pytest.mark.parametrize("count", [20, 200])
def test_a_sweep_is_a_staircase(count):
    """The middle of a small step is the mean of a linear driving: steps that end at the onsets deposit exactly the same."""
    film = Film(5e-9, 1.0)
    sweep = grow([[Step(1.6, 0.6, 1000.0)]], STAGES, film)
    edges = np.linspace(1.6, 0.6, count + 1)
    stairs = grow([[Step(v, v, 1000.0 / count) for v in 0.5 * (edges[1:] + edges[:-1])]], STAGES, film)
    assert total(stairs) == pytest.approx(total(sweep), rel=1e-12)
    assert volumes(stairs) == pytest.approx(volumes(sweep), rel=1e-9)


def test_an_integration_in_time_agrees():
    """dq/dt = kappa (U - V)/(L + L0) of a protocol with holds and a sweep, by a Runge-Kutta method that knows no closed form."""
    leakage, resistance = 5e-9, 1.0
    protocol = [*PULSES, *PULSES, SWEEP]
    film, q, thickness = resistance, 0.0, 0.0
    for step in protocol:
        breaks = [step.duration * (step.start - u) / (step.start - step.end) for u in (1.5, 1.1, 0.85)
                  if step.end < u < step.start]  # fmt: skip
        for begin, end in zip([0.0, *breaks], [*breaks, step.duration], strict=True):

            def state(t, step=step):
                return step.start + (step.end - step.start) * t / step.duration

            middle = state(0.5 * (begin + end))
            above = [u for u in (1.5, 1.1, 0.85) if u > middle]
            if not above:
                continue
            onset = min(above)
            salts = 0.75 / (2 * F) * 2 * 9.8e-6 + 0.25 / (8 * F) * 2.7e-5
            volume = {1.5: salts, 1.1: (9.8e-6 + 6.1e-5) / F, 0.85: 9.6e-5 / (2 * F)}[onset]

            def rates(t, y, state=state, onset=onset, volume=volume):
                current = (onset - state(t)) / y[0]
                return [volume * current / leakage, current, volume * current]

            done = solve_ivp(rates, (begin, end), [film, q, thickness], rtol=1e-11, atol=1e-16, method="DOP853")
            film, q, thickness = done.y[:, -1]
    deposits = grow([PULSES, PULSES, [SWEEP]], STAGES, Film(leakage, resistance))
    assert total(deposits) == pytest.approx(thickness, rel=1e-9)
    assert math.fsum(one.charge for one in deposits) == pytest.approx(q, rel=1e-9)


def test_charge_is_that_of_the_products():
    """Charge = sum of turnovers times electrons times F, and the volume of every product = its moles times its molar volume."""
    found = activate(PULSES, 7, [SWEEP], REACTIONS, VOLUMES, INORGANIC, Film(5e-9, 1.0), GRAIN)
    charge = found.pulse_charge + found.later_charge
    moles = found.turnovers
    assert math.fsum(moles[name] * one.electrons * F for name, one in REACTIONS.items()) == pytest.approx(charge, rel=1e-13)
    assert moles["salt"] * 2 / (moles["nitrate"] * 8) == pytest.approx(3.0), "shares are parts of the charge"
    product = {"LiF": 2 * moles["salt"] + moles["additive"], "Li3N": moles["nitrate"], "oligomer": moles["additive"],
               "polymer": moles["solvent"]}  # fmt: skip
    assert volumes(found.deposits) == pytest.approx({name: n * VOLUMES[name] for name, n in product.items()}, rel=1e-12)
    for name in INORGANIC:  # and the layers hold what was deposited
        held = math.fsum(layer.phases.get(name, 0.0) * layer.thickness for layer in found.layers)
        assert held == pytest.approx(product[name] * VOLUMES[name], rel=1e-12)
    assert found.thickness == pytest.approx(total(found.deposits), rel=1e-12)


def test_a_reaction_without_share_does_not_run():
    without = stages_of(REACTIONS | {"nitrate": Reaction(1.5, 8, {"Li3N": 1}, 0.0)}, VOLUMES)
    assert without[0].volumes == pytest.approx({"LiF": 9.8e-6 / F}, rel=1e-14)
    assert len(stages_of({"salt": Reaction(1.5, 2, {"LiF": 2}, 0.0), "solvent": REACTIONS["solvent"]}, VOLUMES)) == 1


# --- grains and layers --------------------------------------------------------------------------------------------------


def test_diameter_is_that_of_a_sphere_with_its_share_of_the_volume():
    """In space: d^3 pi/6 times the number of nuclei, with the mean cube of the lognormal distribution, is the volume."""
    rng = np.random.default_rng(0)
    for spread in (0.0, 0.15, 0.4):
        mean = grain_diameter(2e-9, 1e16, spread)
        width = math.sqrt(math.log(1 + spread**2))
        diameters = rng.lognormal(math.log(mean) - width**2 / 2, width, 400_000)
        assert diameters.mean() == pytest.approx(mean, rel=4 * spread / math.sqrt(400_000) + 1e-12)
        cubes = math.pi / 6 * diameters**3
        assert 1e16 * cubes.mean() == pytest.approx(2e-9, rel=4 * cubes.std() / cubes.mean() / math.sqrt(400_000) + 1e-12)
    assert grain_diameter(8e-9, 1e16, 0.15) == pytest.approx(2 * grain_diameter(1e-9, 1e16, 0.15))
    assert grain_diameter(1e-9, 8e16, 0.15) == pytest.approx(grain_diameter(1e-9, 1e16, 0.15) / 2)


def test_short_pulses_give_small_grains():
    """On a bare surface the deposit goes with the root of the time, so the diameter goes with its sixth root."""
    def first(factor):
        steps = [Step(s.start, s.end, factor * s.duration) for s in PULSES]
        return layers_of(grow([steps], STAGES, Film(5e-9)), STAGES, INORGANIC, Grain(1e17, 0.15, 0.1e-9, 0.6))[0]

    diameters = [first(factor).diameter for factor in (1, 64, 4096)]
    assert diameters == pytest.approx([diameters[0] * 2**k for k in range(3)], rel=1e-12)


def test_a_sweep_gives_a_bilayer_and_pulses_a_multilayer():
    """One law, one set of parameters: inorganic grains at the core under an organic film, or small grains in many layers."""
    def grown(repeats):
        return activate(PULSES, repeats, [SWEEP], REACTIONS, VOLUMES, INORGANIC, Film(5e-9, 1.0), GRAIN)

    swept, pulsed = grown(0), grown(20)
    inner, outer = swept.layers
    assert inner.phases and not outer.phases and (inner.matrix, outer.matrix) == ("oligomer", "polymer")
    packed = sum(inner.phases.values()) * (1 + GRAIN.gap / inner.diameter) ** 3
    assert packed == pytest.approx(GRAIN.packing, rel=1e-12), "as crowded as they can be"
    assert len(pulsed.grained) >= 4 and all(layer.diameter < 0.55 * inner.diameter for layer in pulsed.grained)
    diameters = [layer.diameter for layer in pulsed.grained[:-1]]  # the last has the first of the lithiation too
    assert diameters == sorted(diameters, reverse=True), "the film slows growth, so that each repeat deposits less"
    assert not pulsed.layers[-1].phases and pulsed.layers[-1].thickness < outer.thickness


def test_repeats_thinner_than_a_grain_share_a_layer():
    """A hundred repeats are not a hundred layers; every nucleus is still counted."""
    found = activate(PULSES, 100, [], REACTIONS, VOLUMES, INORGANIC, Film(5e-9, 1.0), GRAIN)
    assert 10 <= len(found.layers) < 40 and all(layer.phases for layer in found.layers)
    assert [layer.cycles[0] for layer in found.layers] == [0, *(layer.cycles[1] + 1 for layer in found.layers[:-1])]
    for layer in found.layers:
        repeats = layer.cycles[1] - layer.cycles[0] + 1
        volume = math.fsum(layer.phases.values()) * layer.thickness
        mean = math.pi / 6 * layer.diameter**3 * (1 + GRAIN.spread**2) ** 3
        assert volume / mean == pytest.approx(repeats * GRAIN.density, rel=1e-12)
        assert layer.thickness >= 1.3 * layer.diameter + 2 * GRAIN.gap - 1e-18
    constant = activate(PULSES, 100, [], REACTIONS, VOLUMES, INORGANIC, Film(5e-9, 1.0, 0.0), Grain(1e18, 0.15, 0.1e-9, 0.5))
    assert len(constant.layers) == 100
    assert [layer.thickness for layer in constant.layers] == pytest.approx([constant.layers[0].thickness] * 100, rel=1e-12)


def test_organic_matter_fills_from_below():
    """Space between the grains first, in the order of time; the matrix is the larger part, and how large is said."""
    steps = [Step(1.4, 1.4, 300.0), Step(1.0, 1.0, 400.0), Step(0.5, 0.5, 600.0)]
    deposits = grow([steps], STAGES, Film(5e-9))
    inner, outer = layers_of(deposits, STAGES, INORGANIC, GRAIN)
    amounts = volumes(deposits)
    room = inner.thickness * (1 - sum(inner.phases.values()))
    oligomer = min(amounts["oligomer"], room)
    assert inner.matrix == ("oligomer" if oligomer > room / 2 else "polymer")
    assert inner.purity == pytest.approx(max(oligomer, room - oligomer) / room, rel=1e-12)
    assert outer.thickness == pytest.approx(amounts["oligomer"] + amounts["polymer"] - room, rel=1e-12)


def test_grains_come_nearer_where_organic_matter_is_scarce():
    steps = [Step(1.4, 1.4, 600.0), Step(1.0, 1.0, 60.0), Step(0.8, 0.8, 600.0)]
    grain = Grain(1e17, 0.15, 0.8e-9, 0.5)
    (layer,) = layers_of(grow([steps], STAGES, Film(5e-9, 1.0)), STAGES, INORGANIC, grain)
    assert layer.gap < grain.gap
    assert sum(layer.phases.values()) * (1 + layer.gap / layer.diameter) ** 3 == pytest.approx(grain.packing, rel=1e-12)


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([Step(1.4, 1.4, 100.0)], "bare"),
        ([Step(1.4, 1.4, 9000.0), Step(0.8, 0.8, 100.0)], "full"),
        ([Step(1.4, 1.4, 1.0), Step(0.8, 0.8, 1.0)], "thin"),
    ],
)
def test_what_makes_no_layer(steps, reason):
    with pytest.raises(NoLayers) as error:
        layers_of(grow([steps], STAGES, Film(5e-9, 1.0)), STAGES, INORGANIC, GRAIN)
    assert error.value.reason == reason
    assert (error.value.found < error.value.allowed) == (reason == "thin")


_STEPS = st.lists(
    st.tuples(st.sampled_from([1.45, 1.4, 1.05, 1.0, 0.8, 0.5, 0.1]), st.floats(0.5, 5e3)).map(lambda p: Step(p[0], p[0], p[1])),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(steps=_STEPS, repeats=st.integers(0, 30), resistance=st.floats(0, 10), carried=st.floats(0, 1),
       density=st.floats(1e15, 1e18), gap=st.floats(1e-10, 1e-9), packing=st.floats(0.1, 0.6))  # fmt: skip
def test_layers_of_any_protocol_hold_what_was_deposited(steps, repeats, resistance, carried, density, gap, packing):
    """Conservation and bounds, whatever the protocol and the parameters; or a reason why not."""
    grain = Grain(density, 0.15, gap, packing)
    assume(any(list(driving(step, [1.5, 1.1, 0.85])) for step in steps))
    try:
        found = activate(steps, repeats, [SWEEP], REACTIONS, VOLUMES, INORGANIC, Film(5e-9, resistance, carried), grain)
    except NoLayers as error:
        assert (error.found < error.allowed) == (error.reason == "thin")
        return
    amounts = volumes(found.deposits)
    assert found.thickness == pytest.approx(total(found.deposits), rel=1e-9)
    for name in INORGANIC:
        held = math.fsum(layer.phases.get(name, 0.0) * layer.thickness for layer in found.layers)
        assert held == pytest.approx(amounts[name], rel=1e-9)
    for layer in found.layers:
        fraction = sum(layer.phases.values())
        assert 0.0 <= fraction < 1.0 and 0.0 < layer.purity <= 1.0 + 1e-12 and layer.thickness > 0.0
        if layer.phases:
            assert layer.thickness >= (1.3 * layer.diameter + 2 * gap) * (1 - 1e-9)
            assert 0.0 < layer.gap <= gap
            assert fraction * (1 + layer.gap / layer.diameter) ** 3 <= packing * (1 + 1e-9)


# --- efficiency ---------------------------------------------------------------------------------------------------------


def test_coulombic_efficiency_against_the_number_of_repeats():
    """What a cycler sees rises with x if the film stays, and does not change if it does not; with the pulses counted it falls."""
    def family(carried):
        for repeats in (0, 1, 5, 20, 100):
            found = activate(PULSES, repeats, [SWEEP], REACTIONS, VOLUMES, INORGANIC, Film(5e-9, 1.0, carried), GRAIN)
            later, pulses = 5e3 * found.later_charge, 5e3 * found.pulse_charge
            yield coulombic_efficiency(3.9e6, later), coulombic_efficiency(3.9e6, later, pulses), found.pulse_charge

    seen, counted, charges = zip(*family(1.0), strict=True)
    assert list(seen) == sorted(seen) and seen[-1] > seen[0] + 0.05
    assert list(charges) == sorted(charges) and charges[0] == 0.0 and counted[0] == seen[0] and counted[-1] < counted[0]
    seen, counted, _ = zip(*family(0.0), strict=True)
    assert seen == pytest.approx([seen[0]] * 5, rel=1e-12)
    assert list(counted) == sorted(counted, reverse=True)
    assert coulombic_efficiency(1074.0, 170.0) == pytest.approx(1074 / 1244)
