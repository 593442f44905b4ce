"""`python -m tests.bench [SECTION...]`: the sections in order, or those named.

A section is a module of this package that defines section().
"""

from __future__ import annotations

import importlib
import pkgutil
import sys

import tests.bench

ORDER = ("primitives", "frost", "token", "agreement", "service")


def sections() -> list[str]:
    """The names of all modules of this package that define section(), those of ORDER first."""
    names = [module.name for module in pkgutil.iter_modules(tests.bench.__path__) if not module.name.startswith("_")]
    found = [name for name in names if hasattr(importlib.import_module(f"tests.bench.{name}"), "section")]
    return sorted(found, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def main(wanted: list[str]) -> None:
    """Prints the sections that are wanted, or all."""
    known = sections()
    unknown = [name for name in wanted if name not in known]
    if unknown:
        sys.exit(f"no such section: {', '.join(unknown)}; there are {', '.join(known)}")
    for name in wanted or known:
        importlib.import_module(f"tests.bench.{name}").section()


if __name__ == "__main__":
    main(sys.argv[1:])
