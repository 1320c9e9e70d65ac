"""Distributed meshes, constraints, coupled systems and solvers on DOLFINx and PETSc."""
