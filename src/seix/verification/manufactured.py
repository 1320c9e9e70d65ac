"""Manufactured solution of the fully coupled system across a tilted core|SEI interface.

The solution has a non-zero flux and a non-zero jump of the potential that varies along the interface, unequal
conductivities and moduli on its two sides, and satisfies the kinetics with the Larche-Cahn shift pointwise. Sources are
computed from the strong form, so a wrong sign or factor in an interface term shows as a loss of order.
"""

import math

import numpy as np
import ufl
from dolfinx import fem

from ..fem import MPI

# isort: split
from ..fields import DISPLACEMENT, FIELDS, LITHIUM, PHI, PSI
from ..model import Model
from ..numerics.constraints import Block, Constraints
from ..numerics.domains import CORE, CORE_SEI, ELECTROLYTE, Domains
from ..numerics.solver import NewtonSolver
from ..parameters import InterfaceLaw
from . import space_meshes
from .coupled import parameters
from .plane_meshes import strip

SLOPE = 0.4  # of the interface
CORE_POTENTIAL, UPTAKE = 0.3, 0.7  # exact values of the two real unknowns


def tied(field, level, slope):
    """The field where a level is zero, with another normal derivative there."""
    return field - ufl.dot(ufl.grad(field), ufl.grad(level)) * level + slope * ufl.sin(level)


class Exact:
    """Exact fields as UFL expressions of position; lengths in nm, scaled units.

    Parameters
    ----------
    model : ManufacturedModel
    level
        Smooth expression that is zero on core|SEI, where its gradient is the unit normal from the core to the SEI.
    current
        Current density from the SEI to the core.
    psi, c
        Electrons and lithium in the core; on core|SEI their normal derivatives are the flux that the current asks for.
    u : list
        Components of the displacement.
    """

    def __init__(self, model, level, current, psi, c, u):
        self.current, self.psi, self.c, self.u = current, psi, c, ufl.as_vector(u)
        e = ufl.sym(ufl.grad(self.u))
        if model.domains.dim == 2:
            e = ufl.as_tensor([[e[0, 0], e[0, 1], 0], [e[0, 1], e[1, 1], 0], [0, 0, model.out_of_plane_strain]])
        free = model.molar_volume * c / 3 + model.core_swelling
        self.core_stress = self.stress(e, free, model.lam_core, model.mu_core)
        self.sei_stress = self.stress(e, 0.0, model.lam_sei, model.mu_sei)
        self.kappa = model.kappa_sei
        self.phi = tied(self._trace(model), level, current / self.kappa)

    def _trace(self, model):
        """What the law makes of the potential in the SEI on core|SEI, continued to everywhere."""
        law = model.parameters.interface
        electron = CORE_POTENTIAL + model.electron_scale * self.psi
        if law.law == "perfect_contact":
            return electron
        if law.law == "butler_volmer":
            reduced = self.current / (2 * model.exchange_current)
            overpotential = -2 * ufl.ln(reduced + ufl.sqrt(1 + reduced**2))  # -2 asinh, transfer coefficient 1/2
        else:
            overpotential = -self.current * model.film_resistance
        shift = model.stress_shift * ufl.tr(self.core_stress) / 3 if law.stress_feedback else 0.0
        return electron - overpotential - model.slope * self.c - shift

    @staticmethod
    def stress(strain, free, lam, mu):
        """Hooke's law written out again."""
        elastic = strain - free * ufl.Identity(3)
        return lam * ufl.tr(elastic) * ufl.Identity(3) + 2 * mu * elastic


def tilted_plane(model) -> Exact:
    """Fields that vary along a tilted flat interface, in space along both of its tangents."""
    x, dim = ufl.SpatialCoordinate(model.domains.mesh), model.domains.dim
    c, s = math.cos(math.atan(SLOPE)), math.sin(math.atan(SLOPE))
    up = x[dim - 1]
    # normal (core -> SEI) and tangent; in space everything varies along the other tangent, y, as well
    xi, eta = -s * x[0] + c * up, c * x[0] + s * up + (0.6 * x[1] if dim == 3 else 0)
    current = 0.2 + 0.1 * ufl.cos(0.9 * eta + 0.3)
    # each conductor carries the current through the interface: sigma d(phi_s)/d(xi) = kappa d(phi)/d(xi) = i_n there
    psi = 0.2 * ufl.sin(eta) * (1 + xi**2) + model.electron_scale * current * ufl.sin(xi)
    content = 0.3 * ufl.cos(1.1 * eta) * (1 + 0.5 * xi**2) + current * xi
    u = [0.05 * ufl.sin(0.8 * xi) * ufl.cos(eta), 0.04 * ufl.cos(xi + 0.5 * eta), 0.03 * ufl.sin(eta - 0.7 * xi)]
    return Exact(model, xi, current, psi, content, u[:dim])


class ManufacturedModel(Model):
    """The model with sources and with exact values on the outer boundary."""

    fields_of = staticmethod(tilted_plane)

    def _coefficients(self):
        super()._coefficients()
        p, s, mesh = self.parameters, self.scales, self.domains.mesh
        self.kappa_sei = fem.Constant(mesh, p.ionic_conductivity["film"] / s.conductivity)
        e, nu = p.youngs_modulus["film"] / 1e9, p.poisson_ratio["film"]
        self.lam_sei = fem.Constant(mesh, e * nu / ((1 + nu) * (1 - 2 * nu)))
        self.mu_sei = fem.Constant(mesh, e / (2 * (1 + nu)))
        self.exact = self.fields_of(self)

    def _residuals(self):
        x, d = self.exact, self.domains
        phi_t, psi_t, v_t, c_t, r_t, u_t = self.tests
        charge, electrons, supply, content, mean, momentum = super()._residuals()
        ionic, sei = d.regions(ELECTROLYTE, *d.sei_regions), d.regions(*d.sei_regions)
        charge += x.kappa * ufl.div(ufl.grad(x.phi)) * phi_t * ionic
        electrons += ufl.div(ufl.grad(x.psi)) * psi_t * d.dx(CORE)
        supply += x.current * v_t("-") * d.dS(CORE_SEI)  # the supply that the exact current needs
        content += (ufl.div(ufl.grad(x.c)) - UPTAKE) * c_t * d.dx(CORE)
        if self.interface_current() is None:  # lithium takes the flux from the electrons, and so their source
            content -= 1 / self.electron_scale * ufl.div(ufl.grad(x.psi)) * c_t * d.dx(CORE)
        mean += -x.c * r_t * d.dx(CORE)

        def force(stress):
            return ufl.as_vector([sum(stress[i, j].dx(j) for j in range(d.dim)) for i in range(d.dim)])

        momentum += ufl.dot(force(x.core_stress), u_t) * d.dx(CORE) + ufl.dot(force(x.sei_stress), u_t) * sei
        # the exact stresses do not balance across the interface: the difference is a given load
        n = ufl.FacetNormal(d.mesh)("-")
        normal = ufl.as_vector([n[0], n[1], n[2] if d.dim == 3 else 0])
        load = ufl.dot(x.core_stress("-") - x.sei_stress("-"), normal)
        momentum -= ufl.dot(ufl.as_vector([load[i] for i in range(d.dim)]), u_t("-")) * d.dS(CORE_SEI)
        return [charge, electrons, supply, content, mean, momentum]

    def _constraints(self):
        blocks = [Block(name, f.function_space) for name, f in zip(FIELDS, self.fields, strict=True)]
        constraints = Constraints(self.domains.comm, blocks)
        shape = self.domains.shape
        film = shape["sei_thickness"]

        def boundary(points, block):
            sides, z = points[:, :-1], points[:, -1] - SLOPE * points[:, 0]
            top = film if block == DISPLACEMENT else film + shape["electrolyte_depth"]
            on_side = (np.isclose(sides, 0) | np.isclose(sides, shape["period"])).any(axis=1)
            return on_side | np.isclose(z, top) | np.isclose(z, -shape["core_size"])

        for block in (PHI, PSI, LITHIUM, DISPLACEMENT):
            values = self.exact_values(block)
            for component in range(blocks[block].bs):
                constraints.fix(block, lambda x, b=block: boundary(x, b), values[:, component], component)
        return constraints

    def exact_values(self, block: int) -> np.ndarray:
        """Exact values (owned nodes, components) of a field in space."""
        x, d = self.exact, self.domains
        expression, submesh = {
            PHI: (x.phi, d.ionic), PSI: (x.psi, d.core), LITHIUM: (x.c, d.core), DISPLACEMENT: (x.u, d.solid),
        }[block]  # fmt: skip
        space = self.fields[block].function_space
        compiled = fem.Expression(expression, space.element.interpolation_points, entity_maps=d.entity_maps)
        imap, size = space.dofmap.index_map, space.dofmap.index_map_bs
        values = np.zeros((imap.size_local + imap.num_ghosts, size))
        values[space.dofmap.list.ravel()] = compiled.eval(d.mesh, submesh.parent_cells).reshape(-1, size)
        return values[: imap.size_local]

    def errors(self) -> dict[str, float]:
        """Relative errors of the present state in the 2-norm, and of the gradients (collective)."""
        exact, d = self.exact, self.domains
        core, solid = d.dx(CORE), d.regions(CORE, *d.sei_regions)
        found = {}

        def norm(field, where):
            return math.sqrt(self.integrate(ufl.inner(field, field), where))

        for name, field, given, where in (
            ("potential", self.phi, exact.phi, d.regions(ELECTROLYTE, *d.sei_regions)),
            ("electrons", self.psi, exact.psi, core),
            ("lithium", self.c, exact.c, core),
            ("displacement", self.u, exact.u, solid),
        ):
            found[name] = norm(field - given, where) / norm(given, where)
            found[f"gradient of {name}"] = norm(ufl.grad(field - given), where) / norm(ufl.grad(given), where)
        potential = self.integrate(self.v, core) / self.integrate(1.0, core)
        found["core potential"] = abs(potential / CORE_POTENTIAL - 1)
        found["uptake"] = abs(self.uptake() / UPTAKE - 1)
        return found


def manufactured_errors(refinement: int, interface: InterfaceLaw, make=strip) -> dict[str, float]:
    """Relative errors of all fields on one mesh, in the 2-norm, and of their gradients (collective).

    Parameters
    ----------
    refinement : int
        Cells twice as fine each time.
    interface : InterfaceLaw
    make : callable
        ``strip`` in the plane, ``space_meshes.block`` in space.
    """
    n = 4 * 2**refinement
    if make is strip:
        mesh = strip([("film", 2.0, n)], period=2.0, columns=n, core=(1.5, 3 * n // 4), electrolyte=(0.5, n // 4), tilt=0.15)
    else:
        n = n // 2
        rows = n // 2
        mesh = space_meshes.block(
            [("film", 1.0, rows)], period=2.0, columns=n, core=(1.0, rows), electrolyte=(0.5, rows), tilt=0.1
        )
    mesh.points[:, -1] += SLOPE * mesh.points[:, 0]
    mesh.kind = "particle"  # no flat collector: electrons come from the exact source
    return solved_errors(ManufacturedModel, mesh, interface)


def solved_errors(kind: type[ManufacturedModel], mesh, interface: InterfaceLaw) -> dict[str, float]:
    """Solve on a mesh of one layer, ``film``, and measure (collective)."""
    values = parameters(
        {"film": 1e-7, "electrolyte": 1e-7},
        "film",
        interface,
        modulus={"core": 5e9, "film": 2e9},
        poisson={"core": 0.2, "film": 0.35},
        core_conductivity=4e-7,
        diffusivity=1e-10,
        core_swelling=0.02,
        out_of_plane_strain=0.01,
    )
    model = kind(Domains(MPI.COMM_WORLD, mesh if MPI.COMM_WORLD.rank == 0 else None), values)
    solver = NewtonSolver(model.system)
    solver.solve()
    errors = model.errors()
    solver.destroy()
    model.system.destroy()
    return errors
