"""Formulas of an audit: arithmetic on named numbers, with the dimensions checked before anything is computed.

A formula is a line such as ``2 * E * h * strain / (R * (1 - nu))``. It is parsed by Python's own grammar, of which numbers,
names, ``+ - * / **``, brackets and a few functions are left; nothing else of a file is ever executed.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from ..units import parse_any, powers_of

_OPERATORS: dict[type[ast.operator], Callable] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable] = {"exp": np.exp, "log": np.log, "sqrt": np.sqrt, "abs": np.abs}
CONSTANTS = {
    "boltzmann": "1.380649e-23 J/K", "faraday": "96485.33212331 C/mol", "gas_constant": "8.31446261815324 J/mol/K",
    "avogadro": "6.02214076e23 1/mol", "vacuum_permittivity": "8.8541878128e-12 F/m",
}  # fmt: skip
"""Names that every formula knows; values of CODATA 2018."""
_LONGEST = 400


Powers = tuple[int | Fraction, ...]
"""Exponents of SI base units, as `seix.units.powers_of` has them."""


class FormulaError(ValueError):
    """A text is no formula, or its units do not go together; the text is a sentence."""


class Formula:
    """A parsed formula.

    Parameters
    ----------
    text : str

    Attributes
    ----------
    names : list of str
        Names to be given, in the order of the text, without those of `CONSTANTS`.

    Raises
    ------
    FormulaError

    Examples
    --------
    >>> Formula("a / b")({"a": 3.0, "b": 2.0})
    1.5
    """

    def __init__(self, text: str):
        self.text = text
        if len(text) > _LONGEST:
            raise FormulaError(f"a formula of {len(text)} characters is too long; at most {_LONGEST} are allowed")
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise FormulaError(f"'{text}' is no formula; expected arithmetic such as a / b") from None
        found: dict[str, None] = {}
        self._check(self._tree, found)
        self.names = [name for name in found if name not in CONSTANTS]

    def _check(self, node: ast.AST, found: dict[str, None]) -> None:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float()):
                return
            case ast.Name(id=name):
                found[name] = None
                return
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return self._check(inner, found)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                self._check(left, found)
                return self._check(right, found)
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in _FUNCTIONS:
                return self._check(inner, found)
        known = ", ".join(_FUNCTIONS)
        part = ast.get_source_segment(self.text.strip(), node) or self.text
        raise FormulaError(f"'{part}' is not allowed in a formula; allowed are numbers, names, + - * / **, brackets, {known}")

    def __call__(self, values: Mapping[str, float]) -> float:
        """Value for numbers in SI; NaN or infinite where there is none."""
        with np.errstate(all="ignore"):
            try:
                return float(self._value(self._tree, values))
            except (ZeroDivisionError, OverflowError, TypeError):  # a root of a negative number is complex
                return math.nan

    def _value(self, node: ast.AST, values: Mapping[str, float]):
        match node:
            case ast.Constant(value=number):
                return float(number)
            case ast.Name(id=name):
                return values[name] if name in values else parse_any(CONSTANTS[name])[0]
            case ast.UnaryOp(operand=inner):
                return -self._value(inner, values)
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](self._value(left, values), self._value(right, values))
            case ast.Call(func=ast.Name(id=name), args=[inner]):
                return _FUNCTIONS[name](self._value(inner, values))

    def error(self, values: Mapping[str, float], errors: Mapping[str, float]) -> float:
        """Bound on the error of the value for small errors of some names: the sum of their effects, as nothing averages them.

        Each effect is half the difference of the values with the error added and taken away.
        """
        total = 0.0
        for name, error in errors.items():
            up, down = (self({**values, name: values[name] + sign * error}) for sign in (1.0, -1.0))
            total += abs(up - down) / 2
        return total

    def powers(self, units: Mapping[str, Powers]) -> Powers:
        """Exponents of the SI base units of the value.

        Parameters
        ----------
        units : mapping
            Of each name.

        Raises
        ------
        FormulaError
            Units that do not go together.
        """
        return self._powers(self._tree, units)

    def _powers(self, node: ast.AST, units: Mapping[str, Powers]) -> Powers:
        match node:
            case ast.Constant():
                return powers_of("")
            case ast.Name(id=name):
                return units[name] if name in units else parse_any(CONSTANTS[name])[1]
            case ast.UnaryOp(operand=inner):
                return self._powers(inner, units)
            case ast.Call(func=ast.Name(id=name), args=[inner]):
                given = self._powers(inner, units)
                if name in ("exp", "log") and any(given):
                    raise FormulaError(f"{name} needs a number without unit, and '{ast.unparse(inner)}' has one")
                return _scaled(given, Fraction(1, 2)) if name == "sqrt" else given
            case ast.BinOp(left=left, op=op, right=right):
                return self._joined(left, op, right, units)
        raise AssertionError(node)

    def _joined(self, left: ast.AST, op: ast.operator, right: ast.AST, units: Mapping[str, Powers]) -> Powers:
        first = self._powers(left, units)
        if isinstance(op, ast.Pow):
            if any(self._powers(right, units)):
                raise FormulaError(f"the exponent '{ast.unparse(right)}' has a unit")
            try:
                return _scaled(first, Fraction(ast.literal_eval(right))) if any(first) else first
            except (ValueError, TypeError):
                raise FormulaError(f"'{ast.unparse(left)}' has a unit; its exponent must be a number") from None
        second = self._powers(right, units)
        if isinstance(op, ast.Add | ast.Sub):
            if first != second:
                raise FormulaError(f"'{ast.unparse(left)}' and '{ast.unparse(right)}' have different units; they cannot be added")
            return first
        sign = 1 if isinstance(op, ast.Mult) else -1
        return tuple(a + sign * b for a, b in zip(first, second, strict=True))


def _scaled(powers: Powers, factor: Fraction) -> Powers:
    return tuple(power * factor for power in powers)

