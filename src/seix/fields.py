"""The unknown fields of the coupled system, in the order of its blocks."""

FIELDS = ("potential", "electron potential", "core potential", "lithium", "uptake", "displacement")
PHI, PSI, CORE_POTENTIAL, LITHIUM, UPTAKE, DISPLACEMENT = range(6)
