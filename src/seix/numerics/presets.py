"""Named sets of solver options, and the choice among them by dimension and size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Options = dict[str, str | int | float]

NEWTON: Options = {
    "snes_type": "newtonls",
    "snes_linesearch_type": "bt",
    "snes_linesearch_order": 2,
    "snes_linesearch_maxlambda": 1.0,
    "ksp_type": "gmres",
    "ksp_gmres_restart": 60,
    "ksp_pc_side": "right",
    "ksp_norm_type": "unpreconditioned",
    "ksp_rtol": 1e-6,  # what a step misses by, as a fraction of it; the last one is small already
}
"""Newton's method with GMRES, common to all presets."""

DIRECT: Options = {
    **NEWTON,
    "ksp_max_it": 60,
    "pc_type": "lu",
    "pc_factor_mat_solver_type": "mumps",
    "mat_mumps_icntl_14": 60,
}
"""MUMPS, re-used as preconditioner of GMRES while it still serves: the recipe for coupled systems in two dimensions."""

MULTIGRID: Options = {**NEWTON, "ksp_max_it": 200}
"""GMRES with one cycle of p-multigrid a field; see :func:`multigrid_options` for all of it."""

FIXED, WHY_FIXED = "pc_type", "the multigrid preset has its own; set solver.preset=direct to choose one"
"""Option that nobody can replace in the multigrid preset, and what is said of it."""

DOUBLE = "double"
"""Variant of the multigrid preset that factorises in double precision what the one before it has in single precision."""

VARIANTS = ("icc", DOUBLE, "jacobi", "gamg")
"""Coarse solvers of the multigrid preset in the order in which they are tried (see :func:`variants`)."""

LARGEST_DIRECT = {2: 100_000, 3: 5_000}
"""Free unknowns up to which a direct solver is chosen, by dimension."""

LARGEST_FALLBACK = {2: 2_000_000, 3: 100_000}
"""Free unknowns up to which the direct solver is the last resort, by dimension."""

LARGEST_LINEAR_DIRECT = {2: 30_000, 3: 4_000}
"""The same for a single field and few loads."""

LOADS_OF_DIRECT, LARGEST_LOADED_DIRECT = 10, 1_500_000
"""Loads from which one factorisation in two dimensions pays, and the unknowns up to which it does."""

LARGEST_COARSE = {"conduction": {2: 300_000, 3: 5_000}, "elasticity": {2: 1_500_000, 3: 5_000}}
"""Unknowns of linear elements up to which they are factorised, by kind of field and dimension: in the plane algebraic multigrid
catches up with a factorisation at half a million potentials, and is a third slower still at a million displacements."""

LARGEST_UNCOMPRESSED = 500_000
"""Displacements of linear elements in the plane up to which the factors are stored whole. For 1.2 million, low-rank blocks (BLR)
save a third of the time of the factorisation; for a quarter of a million they save nothing."""


def choose(preset: str, dim: int, unknowns: int) -> str:
    """Preset for a problem.

    Parameters
    ----------
    preset : {"auto", "direct", "multigrid"}
    dim : int
        Dimension of the mesh.
    unknowns : int
        Free unknowns of all fields.

    Returns
    -------
    str
        "direct" or "multigrid".
    """
    if preset != "auto":
        return preset
    return "direct" if unknowns <= LARGEST_DIRECT[dim] else "multigrid"


@dataclass(frozen=True)
class ProblemSize:
    """What the choice of a linear solver depends on.

    Attributes
    ----------
    dim : int
        Dimension of the mesh.
    degree : int
        Of the elements.
    components : int
        Of the field; more than one stands for elasticity.
    unknowns : int
        Free unknowns.
    """

    dim: int
    degree: int
    components: int
    unknowns: int


def variants(dim: int, components: int) -> list[str]:
    """Coarse solvers to try, in this order.

    Parameters
    ----------
    dim : int
        Dimension of the mesh.
    components : int
        Of the field with most of them.

    Returns
    -------
    list of str
        Of :data:`VARIANTS`. Double precision is a way out only for displacements in the plane: other fields have it at once.
    """
    return [variant for variant in VARIANTS if variant != DOUBLE or (dim == 2 and components > 1)]


def multigrid_name(variant: str) -> str:
    """Name of the multigrid solver with a coarse solver of :data:`VARIANTS`."""
    return f"multigrid ({variant})"


def linear_candidates(preset: str, size: ProblemSize, loads: int) -> list[str]:
    """Solvers for a symmetric problem of one field, the preferred one first.

    Parameters
    ----------
    preset : {"auto", "direct", "multigrid"}
    size : ProblemSize
    loads : int
        Number of loads to solve with one matrix.

    Returns
    -------
    list of str
        "direct", or "multigrid (variant)"; elements above the second degree have the former only.
    """
    most = LARGEST_LINEAR_DIRECT[size.dim]
    if size.dim == 2 and loads >= LOADS_OF_DIRECT:
        most = LARGEST_LOADED_DIRECT
    if preset == "direct" or (preset == "auto" and size.unknowns <= most) or size.degree > 2:
        return ["direct"]
    components = size.components if size.degree > 1 else 1  # linear elements have nothing below that is factorised
    iterative = [multigrid_name(variant) for variant in variants(size.dim, components)]
    return [*iterative, "direct"] if size.unknowns <= LARGEST_FALLBACK[size.dim] else iterative


def linear_options(kind: str, size: ProblemSize, coarse_unknowns: int) -> Options:
    """Options for a symmetric problem of one field.

    Parameters
    ----------
    kind : str
        One of :func:`linear_candidates`.
    size : ProblemSize
    coarse_unknowns : int
        Unknowns of the linear elements under quadratic ones.
    """
    if kind == "direct":
        return {"ksp_type": "preonly", "pc_type": "cholesky", "pc_factor_mat_solver_type": "mumps"}
    (variant,) = [one for one in VARIANTS if multigrid_name(one) == kind]
    krylov: Options = {"ksp_type": "cg", "ksp_norm_type": "unpreconditioned", "ksp_max_it": 500}
    if size.degree > 1:
        return krylov | field_options(size.dim, size.components, coarse_unknowns, variant)
    return krylov | algebraic_options(size.dim, size.components, variant)


def algebraic_options(dim: int, components: int, variant: str) -> Options:
    """Options of algebraic multigrid on linear elements."""
    options: Options = {"pc_type": "gamg"}
    if variant == "gamg":
        return options
    options["pc_gamg_threshold"] = 0.02
    if components > 1:
        # with 0.01 in space some cuts of the mesh make poor aggregates on several ranks: up to twice the iterations
        options["pc_gamg_threshold"] = 0.01 if dim == 2 else 0.04
        options |= {"pc_gamg_aggressive_coarsening": dim - 1, "mg_levels_ksp_type": "chebyshev"}
        if variant in ("icc", DOUBLE):
            options |= {"mg_levels_ksp_max_it": 1, "mg_levels_pc_type": "bjacobi", "mg_levels_sub_pc_type": "icc"}
        else:
            options |= {"mg_levels_ksp_max_it": 2, "mg_levels_pc_type": "jacobi"}
    return options


def multigrid_options(dim: int, fields: Mapping[str, tuple[int, int]], variant: str) -> Options:
    """Options of the multigrid preset for a coupled system.

    Parameters
    ----------
    dim : int
        Dimension of the mesh.
    fields : mapping
        Name of each field -> its components, and the unknowns of its linear elements.
    variant : str
        One of :data:`VARIANTS`.
    """
    options = dict(MULTIGRID)
    for name, (components, unknowns) in fields.items():
        for key, value in field_options(dim, components, unknowns, variant).items():
            options[f"{field_key(name)}_{key}"] = value
    return options


def field_key(name: str) -> str:
    """Name of a field as a part of option names."""
    return name.replace(" ", "_")


def field_options(dim: int, components: int, coarse_unknowns: int, variant: str) -> Options:
    """Options of the p-multigrid of one field.

    Parameters
    ----------
    dim : int
    components : int
        Of the field; more than one stands for elasticity.
    coarse_unknowns : int
        Unknowns of the linear elements.
    variant : str
        One of :data:`VARIANTS`.

    Returns
    -------
    dict
        Keys without the prefix of the field.
    """
    fine: Options = {
        "pc_mg_type": "multiplicative",
        "mg_levels_ksp_type": "chebyshev",
        "mg_levels_ksp_max_it": 2,
        # conjugate gradients, whose inner product weighs each phase by its own stiffness, find the largest eigenvalue in
        # ten steps but for what few bad cells add; GMRES misses the modes inside poorly conducting grains
        "mg_levels_esteig_ksp_type": "cg",
        "mg_levels_ksp_chebyshev_esteig": "0,0.1,0,1.5",
        "mg_levels_pc_type": "pbjacobi" if components > 1 else "jacobi",
    }
    if variant not in ("icc", DOUBLE):
        fine["mg_levels_esteig_ksp_max_it"] = 30
    coarse: Options = {"ksp_type": "preonly"}
    most = LARGEST_COARSE["elasticity" if components > 1 else "conduction"][dim]
    if variant in ("icc", DOUBLE) and coarse_unknowns <= most:
        if dim == 2:
            fine["mg_levels_ksp_max_it"] = 3  # a substitution costs as much as several steps, and a quarter fewer are needed
        coarse |= {"pc_type": "cholesky", "pc_factor_mat_solver_type": "mumps"}
        if dim == 2:
            coarse |= {"mat_mumps_icntl_7": 2}  # approximate minimum fill: sooner found than nested dissection, as sparse here
        if dim == 2 and components > 1 and variant == "icc":
            # mostly a preconditioner needs no more; conductivities differ by many more orders of magnitude than moduli do
            coarse |= {"pc_precision": "single"}
            if coarse_unknowns > LARGEST_UNCOMPRESSED:
                coarse |= {"mat_mumps_icntl_35": 2, "mat_mumps_cntl_7": 1e-4}
    else:
        coarse |= algebraic_options(dim, components, variant)
        if components > 1 and variant != "gamg":
            # three cycles, accelerated, bring the linear elements close enough to their exact solution
            coarse |= {"ksp_type": "chebyshev", "ksp_max_it": 3, "ksp_norm_type": "none"}
            coarse |= {"esteig_ksp_type": "cg", "ksp_chebyshev_esteig": "0,0.1,0,1.05"}
    return fine | {f"mg_coarse_{key}": value for key, value in coarse.items()}
