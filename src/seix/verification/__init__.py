"""Cases with known answers that ``seix verify`` runs, and their report."""
