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


class Exact:
    """Exact fields as UFL expressions of position; lengths in nm, scaled units."""

    def __init__(self, model):
        mesh = model.domains.mesh
        x = ufl.SpatialCoordinate(mesh)
        c, s = math.cos(math.atan(SLOPE)), math.sin(math.atan(SLOPE))
        solid = model.domains.dim == 3
        up = x[model.domains.dim - 1]
        # normal (core -> SEI) and tangent; in space everything varies along the other tangent, y, as well
        xi, eta = -s * x[0] + c * up, c * x[0] + s * up + (0.6 * x[1] if solid else 0)
        wave = ufl.cos(0.9 * eta + 0.3)
        self.current = 0.2 + 0.1 * wave  # i_n along the interface, from SEI to core
        # each conductor carries i_n through the interface: sigma d(phi_s)/d(xi) = kappa d(phi)/d(xi) = i_n there
        self.psi = 0.2 * ufl.sin(eta) * (1 + xi**2) + model.electron_scale * self.current * ufl.sin(xi)
        self.c = 0.3 * ufl.cos(1.1 * eta) * (1 + 0.5 * xi**2) + self.current * xi
        u = [0.05 * ufl.sin(0.8 * xi) * ufl.cos(eta), 0.04 * ufl.cos(xi + 0.5 * eta), 0.03 * ufl.sin(eta - 0.7 * xi)]
        self.u = ufl.as_vector(u if solid else u[:2])
        e = ufl.sym(ufl.grad(self.u))
        if not solid:
            e = ufl.as_tensor([[e[0, 0], e[0, 1], 0], [e[0, 1], e[1, 1], 0], [0, 0, model.out_of_plane_strain]])
        free = model.molar_volume * self.c / 3 + model.core_swelling
        self.core_stress = self.stress(e, free, model.lam_core, model.mu_core)
        self.sei_stress = self.stress(e, 0.0, model.lam_sei, model.mu_sei)
        # the potential of the SEI at the interface follows from the law; frozen at xi = 0 by construction below
        law = model.parameters.interface
        if law.law == "butler_volmer":
            reduced = self.current / (2 * model.exchange_current)
            overpotential = -2 * ufl.ln(reduced + ufl.sqrt(1 + reduced**2))  # -2 asinh, transfer coefficient 1/2
        else:
            overpotential = -self.current * model.film_resistance
        shift = model.stress_shift * ufl.tr(self.core_stress) / 3 if law.stress_feedback else 0.0
        electron = CORE_POTENTIAL + model.electron_scale * self.psi
        self.trace = electron - overpotential - model.slope * self.c - shift
        self.kappa = model.kappa_sei
        # trace depends on xi through psi, c and stress: its normal derivative is taken out again to first order
        slope = ufl.dot(ufl.grad(self.trace), ufl.grad(xi))
        self.phi = self.trace - slope * xi + self.current / self.kappa * ufl.sin(xi)

    @staticmethod
    def stress(strain, free, lam, mu):
        """Hooke's law written out again."""
        elastic = strain - free * ufl.Identity(3)
        return lam * ufl.tr(elastic) * ufl.Identity(3) + 2 * mu * elastic


class ManufacturedModel(Model):
    """The model with sources and with exact values on the outer boundary."""

    def _coefficients(self):
        super()._coefficients()
        p, s, mesh = self.parameters, self.scales, self.domains.mesh
        self.kappa_sei = fem.Constant(mesh, p.ionic_conductivity["film"] / s.conductivity)
        e, nu = p.youngs_modulus["film"] / 1e9, p.poisson_ratio["film"]
        self.lam_sei = fem.Constant(mesh, e * nu / ((1 + nu) * (1 - 2 * nu)))
        self.mu_sei = fem.Constant(mesh, e / (2 * (1 + nu)))
        self.exact = Exact(self)

    def _residuals(self):
        x, d = self.exact, self.domains
        phi_t, psi_t, v_t, c_t, r_t, u_t = self.tests
        charge, electrons, supply, content, mean, momentum = super()._residuals()
        ionic, sei = d.regions(ELECTROLYTE, *d.sei_regions), d.regions(*d.sei_regions)
        charge += x.kappa * ufl.div(ufl.grad(x.phi)) * phi_t * ionic
        electrons += ufl.div(ufl.grad(x.psi)) * psi_t * d.dx(CORE)
        supply += x.current * v_t("-") * d.dS(CORE_SEI)  # the supply that the exact current needs
        content += (ufl.div(ufl.grad(x.c)) - UPTAKE) * c_t * d.dx(CORE)
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

        for block, expression, submesh in (
            (PHI, self.exact.phi, self.domains.ionic),
            (PSI, self.exact.psi, self.domains.core),
            (LITHIUM, self.exact.c, self.domains.core),
            (DISPLACEMENT, self.exact.u, self.domains.solid),
        ):
            space = self.fields[block].function_space
            compiled = fem.Expression(expression, space.element.interpolation_points, entity_maps=self.domains.entity_maps)
            at_nodes = compiled.eval(self.domains.mesh, submesh.parent_cells).reshape(-1, blocks[block].bs)
            imap = space.dofmap.index_map
            values = np.zeros((imap.size_local + imap.num_ghosts, blocks[block].bs))
            values[space.dofmap.list.ravel()] = at_nodes
            owned = values[: blocks[block].owned]
            for component in range(blocks[block].bs):
                constraints.fix(block, lambda x, b=block: boundary(x, b), owned[:, component], component)
        return constraints


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
    comm = MPI.COMM_WORLD
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
    domains = Domains(comm, mesh if comm.rank == 0 else None)
    model = ManufacturedModel(domains, values)
    solver = NewtonSolver(model.system)
    solver.solve()
    exact, core, sei = model.exact, domains.dx(CORE), domains.regions(ELECTROLYTE, *domains.sei_regions)
    solid = domains.regions(CORE, *domains.sei_regions)
    errors = {}

    def norm(field, where):
        return math.sqrt(model.integrate(ufl.inner(field, field), where))

    for name, found, given, where in (
        ("potential", model.phi, exact.phi, sei),
        ("electrons", model.psi, exact.psi, core),
        ("lithium", model.c, exact.c, core),
        ("displacement", model.u, exact.u, solid),
    ):
        errors[name] = norm(found - given, where) / norm(given, where)
        errors[f"gradient of {name}"] = norm(ufl.grad(found - given), where) / norm(ufl.grad(given), where)
    potential = model.integrate(model.v, core) / model.integrate(1.0, core)
    errors["core potential"] = abs(potential / CORE_POTENTIAL - 1)
    errors["uptake"] = abs(model.uptake() / UPTAKE - 1)
    solver.destroy()
    model.system.destroy()
    return errors
