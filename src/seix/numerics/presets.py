"""Named sets of solver options, and the choice among them by dimension and size."""

from __future__ import annotations

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
    "ksp_rtol": 1e-6,  # the error after the last step is this times its size: solver.tolerance times 1e-6
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
"""GMRES with one cycle of p-multigrid a field; see :func:`field_options` for the fields."""

VARIANTS = ("icc", "jacobi", "gamg")
"""Coarse solvers of the multigrid preset in the order in which they are tried."""

LARGEST_DIRECT = {2: 100_000, 3: 5_000}
"""Free unknowns up to which a direct solver is chosen, by dimension."""

LARGEST_FALLBACK = {2: 2_000_000, 3: 100_000}
"""Free unknowns up to which the direct solver is the last resort, by dimension."""

LARGEST_COARSE = {2: 300_000, 3: 5_000}
"""Unknowns of linear elements up to which they are factorised, by dimension."""


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
        # the largest eigenvalue is found too small on meshes with few bad cells: the safety costs less than that would
        "mg_levels_ksp_chebyshev_esteig": "0,0.2,0,1.2",
        # and with few steps the modes inside poorly conducting grains, which hardly feel the rest, are missed altogether
        "mg_levels_esteig_ksp_max_it": 30,
        "mg_levels_pc_type": "vpbjacobi" if components > 1 else "jacobi",
    }
    coarse: Options = {"ksp_type": "preonly"}
    if variant == "icc" and coarse_unknowns <= LARGEST_COARSE[dim]:
        coarse |= {"pc_type": "cholesky", "pc_factor_mat_solver_type": "mumps"}
    else:
        coarse |= {"pc_type": "gamg"}
        if variant != "gamg":
            coarse |= {"pc_gamg_threshold": 0.01 if components > 1 else 0.02}
        if components > 1 and variant != "gamg":
            coarse |= {"ksp_type": "richardson", "ksp_max_it": 2, "ksp_norm_type": "none", "pc_gamg_aggressive_coarsening": 2}
            coarse |= {"mg_levels_ksp_type": "chebyshev"}
            if variant == "icc":
                coarse |= {"mg_levels_ksp_max_it": 1, "mg_levels_pc_type": "bjacobi", "mg_levels_sub_pc_type": "icc"}
            else:
                coarse |= {"mg_levels_ksp_max_it": 2, "mg_levels_pc_type": "jacobi"}
    return fine | {f"mg_coarse_{key}": value for key, value in coarse.items()}
