"""Models kept from one run to the next, with their solvers.

Runs that differ in values only share mesh, forms, constraints and patterns; those whose matrix is the same, as where only loads
differ, share what was factorised too.
"""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable

from .coefficients import form_of
from .errors import SeixError
from .input.sections import SolverControl
from .model import Model
from .numerics.domains import Domains
from .numerics.solver import NewtonSolver
from .numerics.timing import timed
from .parameters import Parameters

LARGEST = 500_000
"""Unknowns of all models kept together: what they hold (forms, maps, patterns, matrices, factors) takes about 3 kB each."""


class ModelShelf:
    """Models of the meshes that were solved last.

    A model taken from here gives the same numbers, to the last bit, as one made anew: it returns to its state before any
    solution, and so does its solver, which keeps a factorisation or hierarchy for the very matrix only that it was made of.

    Parameters
    ----------
    comm
        Communicator of all runs.
    largest : int
        Unknowns that are kept together; 0 keeps nothing.
    """

    def __init__(self, comm, largest: int = LARGEST):
        self.comm, self.largest = comm, largest
        self._kept: OrderedDict[tuple, tuple[Model, NewtonSolver]] = OrderedDict()
        self._group = ""
        self.taken = self.made = 0

    def enter(self, group: str) -> None:
        """Free what was kept for another group of runs (collective): models take memory, and nobody may come back to them.

        Parameters
        ----------
        group : str
            Name of the runs that follow, such as the hash of their meshes.
        """
        if group != self._group:
            self.clear()
            gc.collect()
            self._group = group

    def take(
        self, tagged, parameters: Parameters, control: SolverControl, monitor: Callable[[int, float], None]
    ) -> tuple[Model, NewtonSolver]:
        """A model of these parameters on a mesh, and a solver for it (collective).

        Parameters
        ----------
        tagged : TaggedMesh
            On rank 0, None elsewhere.
        parameters : Parameters
        control : SolverControl
        monitor : callable
            See :class:`~seix.numerics.solver.NewtonSolver`.

        Raises
        ------
        InputError
            Options of the solver that cannot be.
        """
        mesh_key = self.comm.bcast(tagged and tagged.key, root=0)
        model, solver = self._kept.pop((mesh_key, form_of(parameters)), (None, None))
        if model is None:
            self.made += 1
            with timed("distribute"):
                domains = Domains(self.comm, tagged)
            model = Model(domains, parameters, mesh_key)
        else:
            self.taken += 1
            model.update(parameters)
        if solver is not None:
            if solver.suits(control.max_iterations, control.options, control.preset):
                solver.restart(control.tolerance, monitor)
                return model, solver
            solver.destroy()
        try:
            return model, NewtonSolver(
                model.system, control.tolerance, control.max_iterations, control.options, monitor, control.preset
            )
        except SeixError:
            model.system.destroy()
            raise

    def give_back(self, model: Model, solver: NewtonSolver) -> bool:
        """Keep a model and its solver for later, or free them and what was kept longest; whether any was freed (collective)."""
        if not model.mesh_key or model.system.unknowns > self.largest:
            destroy(model, solver)
            return True
        self._kept[model.mesh_key, form_of(model.parameters)] = model, solver
        freed = False
        while sum(kept.system.unknowns for kept, _ in self._kept.values()) > self.largest:
            destroy(*self._kept.popitem(last=False)[1])
            freed = True
        return freed

    def clear(self) -> None:
        """Free all models (collective)."""
        while self._kept:
            destroy(*self._kept.popitem()[1])


def destroy(model: Model, solver: NewtonSolver) -> None:
    """Free a model and its solver (collective)."""
    solver.destroy()
    model.system.destroy()
