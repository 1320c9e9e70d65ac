r"""Frequency sweep of a network of resistors and capacitors by a reduced network with a bound on its error.

The impedance seen by a load b is :math:`H(s)=b^T(K+sM)^{-1}b` with K symmetric positive definite and M symmetric positive
semidefinite. Solutions :math:`v(\sigma)=(K+\sigma M)^{-1}b` at few *real* shifts span a space on which K and M are projected
(rational Krylov; Druskin and Simoncini, doi:10.1016/j.sysconle.2011.04.013). No complex system is solved at all. The reduced
network has real, negative poles and positive residues like the full one, meets H and dH/ds at every shift, and its error is
quadratic in the residual,

.. math:: H(s)-H_r(s)=r(s)^T(K+sM)^{-1}r(s),\qquad r(s)=b-(K+sM)V y(s).

All residuals are multiples of one vector, :math:`r(s)=\psi(s)\hat r`, because they lie in span(b, M V) and are orthogonal to V.
On the imaginary axis each eigenvalue of the pencil obeys :math:`|k+j\omega m|\ge(k+\omega m)/\sqrt2`. So

.. math:: |H-H_r|(j\omega)\le\sqrt2\,|\psi(j\omega)|^2 g(\omega),\qquad g(\sigma)=\hat r^T(K+\sigma M)^{-1}\hat r,

where g falls and :math:`\sigma g` rises with :math:`\sigma`. The solution at the next shift gives g there, hence a bound
everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from ..errors import ConvergenceError

MOST = 40
"""Shifts after which the sweep gives up: the error falls by a factor of two to five with each of them."""
SAMPLES = 8
"""Frequencies at which the residual is computed as a vector, to find its direction where it is largest."""

Real = NDArray[np.float64]


class Pencil(Protocol):
    """What the reduction needs of K + s M: vectors are the parts that this rank owns."""

    comm: object
    load: Real

    def solve(self, shift: float, guess: Real) -> Real:
        """(K + shift M)^-1 load, starting from a guess."""

    def products(self, x: Real) -> tuple[Real, Real]:
        """K x and M x."""


@dataclass
class ReducedNetwork:
    """Projection of a network on a few solutions.

    Attributes
    ----------
    basis : ndarray, shape (owned unknowns, k)
        Orthonormal in the energy of K, so that each vector counts in units of its own power.
    stiffness, storage : ndarray, shape (k, k)
        Projections of K, which is one but for rounding, and M.
    load : ndarray, shape (k,)
    shifts : list of float
        In the order of their use, rad/s.
    bound : ndarray, shape (frequencies,)
        Bound on the error of the impedance relative to its magnitude.
    history : list of float
        Largest bound of the network before each shift but the first.
    """

    basis: Real
    stiffness: Real
    storage: Real
    load: Real
    shifts: list[float]
    bound: Real = field(default_factory=lambda: np.zeros(0))
    history: list[float] = field(default_factory=list)

    def __post_init__(self):
        times, self._modes = eigh(self.storage, self.stiffness)
        self._times = np.maximum(times, 0.0)
        self._driven = self._modes.T @ self.load

    def state(self, s: complex) -> NDArray:
        """Coefficients of the solution in the basis at a complex frequency."""
        return self._modes @ (self._driven / (1.0 + s * self._times))

    def impedance(self, omega: Real) -> NDArray[np.complex128]:
        """b^T (K + j omega M)^-1 b at angular frequencies: all terms of the sum have the same signs."""
        return (self._driven**2 / (1.0 + 1j * np.outer(omega, self._times))).sum(axis=1)

    def relaxations(self) -> tuple[Real, Real]:
        """Time constants, ascending, and resistances of the equivalent chain of RC elements.

        The impedance is exactly the sum of R_i / (1 + j omega tau_i).
        """
        return self._times, self._driven**2


def reduce(pencil: Pencil, omega: Sequence[float], tolerance: float, most: int = MOST) -> ReducedNetwork:
    """Reduced network whose impedance is right to a tolerance at all given frequencies (collective).

    Parameters
    ----------
    pencil : Pencil
    omega : sequence of float
        Angular frequencies, rad/s; shifts are zero, and some of these.
    tolerance : float
        Largest error over the magnitude of the impedance.
    most : int
        Largest number of shifts.

    Raises
    ------
    ConvergenceError
        If the bound stays above the tolerance.
    """
    omega = np.asarray(omega, dtype=float)
    sweep = _Sweep(pencil, omega)
    sweep.add(0.0)
    history: list[float] = []
    while True:
        network, growth, unit = sweep.network(), *sweep.residuals()
        estimate = growth**2 / np.sqrt(omega) / np.abs(network.impedance(omega))
        estimate[np.isin(omega, sweep.shifts)] = 0.0
        worst = int(np.argmax(estimate))
        if len(sweep.shifts) >= most or estimate[worst] == 0.0:
            least = f"{min(history, default=math.inf):.1e}"
            raise ConvergenceError(
                f"the impedance sweep reached an error of {least} with {len(sweep.shifts)} solutions, not the "
                f"{tolerance:g} asked for: rounding or solver.tolerance may limit it; allow a larger measure.impedance.tolerance"
            )
        shift = float(omega[worst])
        energy = sweep.add(shift, unit)
        limit = math.sqrt(2.0) * growth**2 * energy * np.maximum(1.0, shift / omega)
        network.bound = limit / np.abs(network.impedance(omega))
        history.append(float(network.bound.max()))
        if history[-1] <= tolerance:
            # the last solution is part of the result, whose error is smaller still
            better = sweep.network()
            better.bound, better.history = network.bound, history
            return better


class _Sweep:
    """Basis and projections while they grow."""

    def __init__(self, pencil: Pencil, omega: Real):
        self.pencil, self.omega, self.shifts = pencil, omega, []
        size = len(pencil.load)
        self.basis, self.stiff, self.store = (np.zeros((size, 0)) for _ in range(3))

    def _dot(self, a: Real, b: Real) -> Real:
        return self.pencil.comm.allreduce(a.T @ b)

    def network(self) -> ReducedNetwork:
        """Reduced network of the present basis."""
        k, m = (self._dot(self.basis, images) for images in (self.stiff, self.store))
        load = self._dot(self.basis, self.pencil.load)
        return ReducedNetwork(self.basis, (k + k.T) / 2, (m + m.T) / 2, load, list(self.shifts))

    def _residual(self, network: ReducedNetwork, s: complex) -> NDArray:
        y = network.state(s)
        return self.pencil.load - self.stiff @ y - s * (self.store @ y)

    def residuals(self) -> tuple[Real, Real]:
        """Size of the residual at every frequency, and the unit vector that all of them are multiples of."""
        network = self.network()
        samples = [self._residual(network, float(one)) for one in self.omega[:: max(1, len(self.omega) // SAMPLES)]]
        sizes = [math.sqrt(float(self._dot(one, one))) for one in samples]
        unit = samples[int(np.argmax(sizes))] / max(sizes)
        load, stiff, store = (self._dot(unit, part) for part in (self.pencil.load, self.stiff, self.store))
        states = ((1j * one, network.state(1j * one)) for one in self.omega)
        return np.array([abs(load - stiff @ y - s * (store @ y)) for s, y in states]), unit

    def add(self, shift: float, unit: Real | None = None) -> float:
        """Take the solution at a shift into the basis.

        Returns
        -------
        float
            Energy g of the unit residual at this shift.
        """
        energy, guess = 0.0, np.zeros(len(self.pencil.load))
        if unit is not None:
            network = self.network()
            guess = self.basis @ network.state(shift)
        solution = self.pencil.solve(shift, guess)
        if unit is not None:
            residual = self._residual(network, shift)
            along = float(self._dot(unit, residual))
            # positive but for rounding, whose size then limits the error as well
            energy = abs(float(self._dot(residual, solution - guess))) / along**2
        for _ in range(2):
            solution = solution - self.basis @ self._dot(self.stiff, solution)
        k, m = self.pencil.products(solution)
        size = math.sqrt(float(self._dot(solution, k)))
        solution, k, m = solution / size, k / size, m / size
        self.basis = np.column_stack([self.basis, solution])
        self.stiff, self.store = np.column_stack([self.stiff, k]), np.column_stack([self.store, m])
        self.shifts.append(shift)
        return energy
