"""Quantities with errors, fields, figures, record and report of a finished computation."""
