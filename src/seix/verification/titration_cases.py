"""Cases of lithium in time: constant flux, time steps, and the virtual GITT against what its formula should give."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from scipy.special import jn_zeros, jv

from ..input.measure.gitt import POWER, Gitt
from ..measure.gitt import evaluate, potential, titrate
from ..measure.gitt_potential import weppner_huggins
from ..numerics.radial import radial
from ..numerics.transient import ORDER, Evolution
from ..parameters import InterfaceLaw
from ..physics.lithium import stress_factor
from ..scales import FARADAY, GAS_CONSTANT
from .case import Case, Check, agreed
from .coupled import parameters
from .titration_resolved import resolved_patch

TERMS = 2000
BALANCE = 1e-9
"""Largest error of the lithium balance over what a pulse brings: rounding of each step, and there are hundreds."""
SURFACE = 4.0
"""Order of the value at the surface, the end of a cell, of quadratic elements along the radius."""
CURRENT, SLOPE = 0.1, -1e-6
"""A/m2 and V m3/mol."""


def roots(power: int) -> np.ndarray:
    """Roots of the slope of the eigenfunctions at the surface: sin a, J1(a), tan a - a."""
    number = np.arange(1, TERMS + 1)
    if power == 0:
        return number * math.pi
    if power == 1:
        return jn_zeros(1, TERMS)
    found = (number + 0.5) * math.pi
    for _ in range(20):
        found = number * math.pi + np.arctan(found)
    return found


def constant_flux(power: int, time: float, x) -> np.ndarray:
    """Concentration in units of iL/(FD), a time after a constant flux has set in, at distances from the centre.

    Carslaw and Jaeger, Conduction of Heat in Solids, 3.8 (slab), 7.8 (cylinder) and 9.7 (sphere); Crank, The Mathematics of
    Diffusion, chapters 4 to 6.

    Parameters
    ----------
    power : int
        0 for a slab, 1 for a cylinder, 2 for a sphere.
    time : float
        In units of L^2/D.
    x : array_like
        Over the size.
    """
    x = np.atleast_1d(np.asarray(x, float))
    a = roots(power)
    argument = np.outer(x, a)
    if power == 0:
        steady, modes = (3 * x**2 - 1) / 6, np.cos(argument) / (a**2 * np.cos(a))
    elif power == 1:
        steady, modes = x**2 / 2 - 0.25, jv(0, argument) / (a**2 * jv(0, a))
    else:
        # sin(ax)/x, written as a sinc for the sake of the centre
        steady, modes = (5 * x**2 - 3) / 10, a * np.sinc(argument / math.pi) / (a**2 * np.sin(a))
    return (power + 1) * time + steady - 2 * modes @ np.exp(-(a**2) * time)


def flux(shape: str) -> list[Check]:
    """A particle filled at constant current, at a time when the profile still bends and at one when it is steady."""
    power, checks = POWER[shape], []
    for time in (0.1, 1.0):
        surface, norm, balance = [], [], 0.0
        for elements in (4, 8, 16):
            grid = radial(power, elements, 1.0)
            load = np.zeros(len(grid.points))
            load[grid.surface] = 1.0
            evolution = Evolution(grid.storage, grid.conduction)
            state, _ = evolution.advance(0 * load, load, time, tolerance=1e-9, first=1e-4)
            evolution.destroy()
            wrong = state - constant_flux(power, time, grid.points)
            surface.append(float(state[grid.surface]))
            norm.append(math.sqrt(float(wrong @ (grid.storage @ wrong))))
            balance = max(balance, abs(float(grid.weights @ state) / time - 1.0))
        exact = float(constant_flux(power, time, 1.0)[0])
        when = f"after {time:g} L^2/D"
        checks += [
            Check(f"surface concentration {when}", "iL/FD", exact, tuple(surface), SURFACE, cells=4, reference="series"),
            Check(f"profile {when}, 2-norm of the error", "", 0.0, tuple(norm), 3.0, cells=4, reference="series"),
            Check(f"imbalance of lithium {when}", "", 0.0, (balance,), None, BALANCE, reference="balance"),
        ]
    return checks


def time_steps() -> list[Check]:
    """Decay of the first mode of a slab with equal steps; and constant flux with steps that the tolerance chooses."""
    grid = radial(0, 128, 1.0)
    evolution = Evolution(grid.storage, grid.conduction)
    start, none = np.cos(math.pi * grid.points), np.zeros(len(grid.points))
    time = 0.2
    found = tuple(float(evolution.advance(start, none, time, steps=steps)[0][grid.surface]) for steps in (4, 8, 16))
    exact = -math.exp(-(math.pi**2) * time)
    checks = [Check("surface of a mode that decays, steps halved", "", exact, found, float(ORDER), cells=2.0)]
    load = none.copy()
    load[grid.surface] = 1.0
    exact, balance = float(constant_flux(0, time, 1.0)[0]), 0.0
    for tolerance in (1e-3, 1e-4, 1e-5):
        held = []

        def observe(after: float, state: np.ndarray, held=held) -> None:
            held.append(abs(float(grid.weights @ state) - after) / time)

        state, _ = evolution.advance(none, load, time, tolerance=tolerance, first=1e-4, observe=observe)
        error = float(state[grid.surface]) - exact
        name = f"error of the surface over a tolerance of {tolerance:g}"
        checks.append(Check(name, "", 0.0, (error / tolerance,), None, 1.0, reference="bound"))
        balance = max(balance, *held)
    evolution.destroy()
    name = "imbalance of lithium, largest of all steps"
    return [*checks, Check(name, "", 0.0, (balance,), None, BALANCE, reference="balance")]


def particle(shape="slab", law=None, **keys):
    """Section and parameters of a titration by a single pulse, with a straight open-circuit potential."""
    law = law or InterfaceLaw(equilibrium_slope=SLOPE, exchange_current_density=0.5)
    values = parameters({"a": 1e-7}, "a", law, diffusivity=1e-15, maximum_concentration=1e5, mean_concentration=5e4)
    given = {"shape": shape, "size": 1e-6, "current_density": CURRENT, "direction": "lithiation", "start": 0.4, "pulses": 1}
    return Gitt.model_validate({**given, "open_circuit": "linear", **keys}), values


def lasting(number: float, **keys):
    """As :func:`particle`, with a pulse of a number of L^2/D and a rest that ends all gradients."""
    return particle(pulse=number * 1e3, rest=1e4, **keys)


def reading(section, values, resistance: float) -> tuple[float, float, float]:
    """Apparent over true diffusivity without and with the step of the potential, and the step."""
    titration = titrate(section, values, section.current_density)
    volts = potential(section, values, titration, section.current_density, resistance)
    (pulse,) = evaluate(titration, volts)
    without, with_step = (
        weppner_huggins(section.depth, section.pulse, pulse.relaxed, fall) / values.diffusivity
        for fall in (pulse.transient, pulse.transient + pulse.step)
    )
    return without, with_step, pulse.step


def formula(power: int, number: float) -> float:
    """What the formula gives of the diffusivity for a pulse of a number of L^2/D."""
    return 4 * number / (math.pi * float(constant_flux(power, number, 1.0)[0]) ** 2)


def weppner() -> list[Check]:
    """B40: the formula holds for short pulses in a slab; it does not for long ones, nor in a sphere."""
    checks = []
    for number in (0.01, 0.1):
        found, _, _ = reading(*lasting(number), 0.4)
        name = f"apparent over true diffusivity, slab, {number:g} L^2/D"
        checks.append(Check(name, "", 1.0, (found,), None, 0.01, reference="limit"))
    for shape, number in (("slab", 1.0), ("slab", 3.0), ("cylinder", 0.1), ("sphere", 0.001), ("sphere", 0.1), ("sphere", 2.4)):
        section, values = lasting(number, shape=shape)
        found, _, _ = reading(section, values, 0.4)
        # twice the tolerance of the steps each in dE_t and dE_s
        name, limit = f"bias of the formula, {shape}, {number:g} L^2/D", 4 * section.tolerance
        checks.append(Check(name, "", formula(POWER[shape], number), (found,), None, limit, reference="series"))
    return checks


def film() -> list[Check]:
    """A resistance between electrolyte and core adds a step to the potential and nothing else."""
    section, values = lasting(0.1)
    voltage = values.scales.voltage
    without, diffusion = formula(0, 0.1), -SLOPE * CURRENT * 1e-6 / (FARADAY * 1e-15) * float(constant_flux(0, 0.1, 1.0)[0])
    checks = []
    for resistance in (0.0, 0.4, 4.0):
        found = reading(section, values, resistance)
        step = CURRENT * resistance + 2 * voltage * math.asinh(CURRENT / (2 * 0.5))
        label, limit = f"R_SEI = {resistance:g} ohm m2", 4 * section.tolerance
        checks += [
            Check(f"step of the potential, {label}", "V", step, (found[2],), None),
            Check(f"apparent over true diffusivity, step taken out, {label}", "", without, (found[0],), None, limit,
                  reference="series"),
            Check(f"the same with the step left in, {label}", "", without * (diffusion / (diffusion + step)) ** 2, (found[1],),
                  None, limit, reference="series"),
        ]
    return checks


def stressed() -> list[Check]:
    """B15: stress multiplies the diffusivity by 1 + theta c, and the potential feels it while the profile is not flat."""
    exact = agreed(1e4 * stress_factor(9e-6, 80e9, 0.22, GAS_CONSTANT * 298.15), "7.4473")
    checks = [Check("factor theta of amorphous silicon", "1e-4 m3/mol", 7.4473, (exact,), None, 1e-5)]
    # so small a current that the diffusivity is the same everywhere
    for shape in ("slab", "sphere"):
        section, values = particle(shape, stress_coupling=True, current_density=1e-2, pulse=2e-3, rest=1e3, tolerance=1e-6)
        energy = GAS_CONSTANT * values.temperature
        theta = stress_factor(values.partial_molar_volume, 50e9, 0.25, energy)
        number = (1 + theta * 4e4) * section.pulse / 1e3
        rise = float(constant_flux(POWER[shape], number, 1.0)[0])
        # the shift feels the deviation from the mean only
        shift = energy / FARADAY * theta / -SLOPE
        fall = rise + shift * (rise - (section.power + 1) * number)
        exact = 4 * number / math.pi / fall**2 * (1 + theta * 4e4)
        found, _, _ = reading(section, values, 0.0)
        # the diffusivity differs by 2e-6 in the profile; a step is wrong by its tolerance over a rise that stress makes 5
        # times lower
        name = f"apparent over true diffusivity, {shape}"
        checks.append(Check(name, "", exact, (found,), None, 2e-5, reference="series"))
    return checks


CASES = [
    *(Case(f"flux-{shape}", f"{shape.capitalize()} filled at constant current", "Carslaw and Jaeger 1959; Crank 1975",
           partial(flux, shape)) for shape in POWER),
    Case("time-steps", "Order of the time steps, their error control and the balance", "first mode of a slab", time_steps),
    Case("B40", "Weppner-Huggins formula on slabs, cylinders and spheres", "Weppner and Huggins, doi:10.1149/1.2133112", weppner),
    Case("B40-film", "What a resistive film changes in the formula", "drops in series", film),
    Case("B15", "Diffusion under its own stress", "Larche and Cahn, doi:10.1016/0001-6160(73)90021-7", stressed),
    Case("B40-patch", "Time-dependent lithium under a resolved SEI against the particle", "series of a slab; theory, equation G6",
         resolved_patch),
]  # fmt: skip
