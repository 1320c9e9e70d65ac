"""Models kept from one run to the next: runs that differ in values only share mesh, forms, constraints and patterns."""

from __future__ import annotations

import gc
from collections import OrderedDict

from .coefficients import form_of
from .model import Model
from .numerics.domains import Domains
from .numerics.timing import timed
from .parameters import Parameters

LARGEST = 1_000_000
"""Unknowns of all models kept together: what they hold (forms, maps, patterns, matrices) takes about 2 kB each."""


class ModelShelf:
    """Models of the meshes that were solved last.

    A model taken from here gives the same numbers, to the last bit, as one made anew: it returns to its state before any
    solution, and factorisations and hierarchies belong to the solver, which is new for each run.

    Parameters
    ----------
    comm
        Communicator of all runs.
    largest : int
        Unknowns that are kept together; 0 keeps nothing.
    """

    def __init__(self, comm, largest: int = LARGEST):
        self.comm, self.largest = comm, largest
        self._kept: OrderedDict[tuple, Model] = OrderedDict()
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

    def model(self, tagged, parameters: Parameters) -> Model:
        """A model of these parameters on a mesh (collective).

        Parameters
        ----------
        tagged : TaggedMesh
            On rank 0, None elsewhere.
        parameters : Parameters
        """
        mesh_key = self.comm.bcast(tagged and tagged.key, root=0)
        key = (mesh_key, form_of(parameters))
        model = self._kept.pop(key, None)
        if model is not None:
            self.taken += 1
            model.update(parameters)
            return model
        self.made += 1
        with timed("distribute"):
            domains = Domains(self.comm, tagged)
        return Model(domains, parameters, mesh_key)

    def give_back(self, model: Model) -> bool:
        """Keep a model for later, or free it and what was kept longest; whether anything was freed (collective)."""
        if not model.mesh_key or model.system.unknowns > self.largest:
            model.system.destroy()
            return True
        self._kept[model.mesh_key, form_of(model.parameters)] = model
        freed = False
        while sum(kept.system.unknowns for kept in self._kept.values()) > self.largest:
            self._kept.popitem(last=False)[1].system.destroy()
            freed = True
        return freed

    def clear(self) -> None:
        """Free all models (collective)."""
        while self._kept:
            self._kept.popitem()[1].system.destroy()
