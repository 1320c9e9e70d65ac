"""The coupled model on meshes that need no packing: what the cases and the tests solve."""

from __future__ import annotations

from ..parameters import InterfaceLaw, Parameters


def parameters(conductivity, matrix, interface=None, modulus=None, poisson=None, **values) -> Parameters:
    """Parameters for named SEI phases; elastic constants default to those of an organic film on a Si/C core."""
    names = [n for n in conductivity if n != "electrolyte"]
    return Parameters(
        ionic_conductivity={"electrolyte": 1.0, **conductivity},
        youngs_modulus={"core": 50e9, **dict.fromkeys(names, 2.4e9), **(modulus or {})},
        poisson_ratio={"core": 0.25, **dict.fromkeys(names, 0.35), **(poisson or {})},
        matrix_conductivity=conductivity[matrix],
        interface=interface or InterfaceLaw(),
        **values,
    )


def solved(mesh, values, multiples=(1.0,), comm=None):
    """Solve and measure.

    Returns
    -------
    model : Model
    quantities : dict
        Current multiple -> name -> value.
    """
    from ..analysis.quantities import Measurement
    from ..fem import MPI
    from ..model import Model
    from ..numerics.domains import Domains
    from ..numerics.solver import NewtonSolver
    from ..numerics.stepping import LoadPath

    comm = comm or MPI.COMM_SELF
    model = Model(Domains(comm, mesh if comm.rank == 0 else None), values)
    solver = NewtonSolver(model.system)
    path = LoadPath(solver, model.set_current, model.set_feedback if values.interface.stress_feedback else None)
    measurement = Measurement(model, values.reference_field)
    results = {}
    for multiple in multiples:
        path.go(multiple)
        results[multiple] = {name: q.value for name, q in measurement.quantities().items()}
    solver.destroy()  # PETSc keeps its callbacks, and through them everything, alive
    model.system.destroy()
    return model, results
