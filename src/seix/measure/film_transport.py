"""Conductivity, diffusivity and permittivity of a film, and their activation energies."""

from __future__ import annotations

import numpy as np

from ..analysis.quantity import Quantity
from ..input.measure.effective import TRANSPORT
from ..scales import LENGTH
from ..units import GAS_CONSTANT
from .bounds import transport_bounds
from .cell_problem import Response
from .film import Film, Row
from .homogenise import Transport
from .reading import Column, Reading

UNITS = {"conductivity": "S/m", "diffusivity": "m2/s", "permittivity": "1"}
DIRECTIONS = ("in_plane", "through")


def transport_rows(film: Film, reading: Reading) -> list[Row]:
    """All that were asked for, on one matrix for each kind of faces (collective).

    Parameters
    ----------
    film : Film
    reading : Reading
        Gets activation energies, the sweep, shares of the dissipation and tensors.
    """
    asked = [name for name in film.section.properties if name in TRANSPORT]
    # core and electrolyte conduct far better than the film: its faces are at one potential each for what passes through it
    problems = {
        faces: Transport(film.cell, film.has_boundaries, faces, film.preset, through=faces == "affine") for faces in film.faces
    }
    projections = film.both(film.cell.interface_projections()) if film.has_boundaries else np.zeros(2)
    rows: list[Row] = []
    for name in asked:
        key = TRANSPORT[name]
        bulk, surface = film.phases(key, film.temperature), film.boundary(key, film.temperature)
        responses = {faces: problem.solve(bulk, surface) for faces, problem in problems.items()}
        values = film.both(np.diag(responses["affine"].work))
        uniform = {"in_plane": film.in_plane(np.diag(responses["uniform"].work))} if "uniform" in responses else {}
        bounds = transport_bounds(film.layers, bulk, projections * surface / LENGTH, film.dim)
        for k, direction in enumerate(DIRECTIONS):
            limits = {bound: float(pair[k]) for bound, pair in bounds.items()}
            rows.append(Row(f"{name}.{direction}", UNITS[name], float(values[k]), uniform.get(direction), limits))
        reading.record["reciprocity"][name] = max(response.reciprocity for response in responses.values())
        reading.record.setdefault("tensors", {})[name] = responses["affine"].tensor.tolist()
        reading.record.setdefault("shares", {})[name] = _shares(film, responses["affine"], surface > 0)
    if film.section.swept:
        _sweep(film, problems["affine"], {row.name: row.value for row in rows}, reading)
    for problem in problems.values():
        problem.destroy()
    return rows


def _shares(film: Film, response: Response, interfaces: bool) -> dict[str, dict[str, float]]:
    """What each phase, and the interfaces of grains, dissipate of the power of a mean gradient in each direction."""
    size = np.diag(response.work)
    found = {name: film.both(share * size) / film.both(size) for name, share in response.energies.items()}
    if interfaces:
        found["interfaces"] = 1 - sum(found.values())
    return {direction: {name: float(pair[k]) for name, pair in found.items()} for k, direction in enumerate(DIRECTIONS)}


def _sweep(film: Film, problem: Transport, middle: dict[str, float], reading: Reading) -> None:
    """Effective values over temperature, and activation energies from their slopes (theory, equation H5)."""
    temperatures = film.section.temperatures(film.temperature)
    columns = [Column("temperature", "K", temperatures)]
    for name in film.section.swept:
        key, series = TRANSPORT[name], []
        for place, temperature in enumerate(temperatures):
            if place == len(temperatures) // 2:
                series.append([middle[f"{name}.{direction}"] for direction in DIRECTIONS])
            else:
                response = problem.solve(film.phases(key, temperature), film.boundary(key, temperature))
                series.append(film.both(np.diag(response.work)))
        energies, thin = film.activation(key)
        for direction, values in zip(DIRECTIONS, np.array(series).T, strict=True):
            value, error = arrhenius_slope(temperatures, values)
            reading.quantities[f"effective.activation_energy.{name}.{direction}"] = Quantity(value, "J/mol", error, "sweep")
            columns.append(Column(f"{name}.{direction}", UNITS[name], values.tolist()))
            shares = reading.record["shares"][name][direction]
            exact = sum(share * (thin if phase == "interfaces" else energies[phase]) for phase, share in shares.items())
            reading.record.setdefault("activation_energies_from_shares", {})[f"{name}.{direction}"] = exact
    reading.tables["effective_temperature"] = columns


def arrhenius_slope(temperatures, values) -> tuple[float, float]:
    """Activation energy -d ln(value)/d(1/RT) in the middle of five temperatures, and its error (theory, equation H5).

    Parameters
    ----------
    temperatures : sequence of float
        Five, with equal steps of 1/T, in ascending order [K].
    values : sequence of float
        Positive.

    Returns
    -------
    value, error : float
        Slope by central differences, extrapolated from both steps to the fourth order; its distance from that of the smaller
        step, which is an upper bound on its error while steps are small. J/mol.
    """
    beta, logarithm = 1 / (GAS_CONSTANT * np.asarray(temperatures)), np.log(values)
    near = -(logarithm[3] - logarithm[1]) / (beta[3] - beta[1])
    wide = -(logarithm[4] - logarithm[0]) / (beta[4] - beta[0])
    value = (4 * near - wide) / 3
    return float(value), float(abs(value - near))
