"""HTML pages from the templates of this package."""

from __future__ import annotations

from typing import Any


def page(template: str, **content: Any) -> str:
    """A page with its content filled in; text is escaped, and what a template names but is not given is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(loader=PackageLoader("seix.analysis"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.get_template(template).render(**content)
