"""Balance equations, interface laws and constitutive laws as pure UFL: no MPI, no PETSc, no files."""
