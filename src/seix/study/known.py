"""What is known of a case without its scenario: enough to find its results and to say where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class KnownCase:
    """A case of a study.

    Attributes
    ----------
    number : int
        Place in the study, from 0.
    hash : str
        Of its input.
    name : str
        Of its folder.
    values : dict
        Name of axis -> value as written.
    numbers : dict
        Name of axis -> value in SI, None for what is no number.
    seed : int or None
        Of the ensemble.
    problem : str
        Why it cannot be computed; empty otherwise.
    """

    number: int
    hash: str
    name: str
    values: dict[str, Any] = field(default_factory=dict)
    numbers: dict[str, float | None] = field(default_factory=dict)
    seed: int | None = None
    problem: str = ""

    @property
    def possible(self) -> bool:
        """Whether it can be computed."""
        return not self.problem

    @property
    def described(self) -> str:
        """What it is among the others, in words."""
        parts = [f"{name} = {value}" for name, value in self.values.items()]
        if self.seed is not None:
            parts.append(f"seed {self.seed}")
        return ", ".join(parts) or "the only case"
