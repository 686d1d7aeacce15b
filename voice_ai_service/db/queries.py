"""SQL by name: statements live in `.sql` files beside the repository that uses them.

    -- name: find_secretary
    SELECT ... WHERE secretary_extension = $1;

A name is a Python identifier and stands once among everything that one `load` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType

_NAME = re.compile(r"^--\s*name:\s*(?P<name>\S+)\s*$")


class QueryFileError(ValueError):
    """A `.sql` file that cannot be read as named statements. Raised while loading, so a deployment fails at
    start."""


class Queries:
    """Named statements, by attribute or by key. Frozen.

    Raises:
        AttributeError, KeyError: No statement has this name.
    """

    __slots__ = ("_by_name",)
    _by_name: Mapping[str, str]

    def __init__(self, by_name: Mapping[str, str]) -> None:
        object.__setattr__(self, "_by_name", MappingProxyType(dict(by_name)))

    def __getattr__(self, name: str) -> str:
        try:
            return self._by_name[name]
        except KeyError:
            raise AttributeError(
                f"no query is named {name!r}; known: {', '.join(sorted(self._by_name))}"
            ) from None

    def __getitem__(self, name: str) -> str:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("queries are frozen")

    def __repr__(self) -> str:
        return f"Queries({', '.join(sorted(self._by_name))})"


def load(source: str | Path, file: str | None = None) -> Queries:
    """Read the named statements of a package or path.

    Args:
        source: A package's name (`__package__`): its `.sql` files; or the path of a file or folder.
        file: Only this file of the package or folder, such as `tokens.sql`.

    Raises:
        QueryFileError: Nothing found, text before the first name, an empty statement, a name that is no
            identifier or that stands twice.
    """
    statements: dict[str, str] = {}
    for path in _sql_files(source, file):
        for name, statement in parse(path.read_text(encoding="utf-8"), origin=path.name).items():
            if name in statements:
                raise QueryFileError(f"{path.name}: the name {name!r} stands in another file already")
            statements[name] = statement
    return Queries(statements)


def parse(text: str, origin: str = "<text>") -> dict[str, str]:
    """Split one file's text into its named statements.

    Raises:
        QueryFileError: As `load`.
    """
    statements: dict[str, str] = {}
    preamble, *sections = _split_at_names(text, origin)
    if _has_code(preamble[1]):
        raise QueryFileError(f"{origin}: SQL stands before the first '-- name:'")
    for name, lines in sections:
        if name in statements:
            raise QueryFileError(f"{origin}: the name {name!r} stands twice")
        if not _has_code(lines):
            raise QueryFileError(f"{origin}: {name!r} has no statement")
        statements[name] = "\n".join(lines).strip().rstrip(";").rstrip()
    return statements


def _split_at_names(text: str, origin: str) -> list[tuple[str, list[str]]]:
    """Names and the lines below them; first of all what stands above the first name, under no name."""
    sections: list[tuple[str, list[str]]] = [("", [])]
    for number, line in enumerate(text.splitlines(), start=1):
        match = _NAME.match(line)
        if match is None:
            sections[-1][1].append(line)
            continue
        name = match["name"]
        if not name.isidentifier() or name.startswith("_"):
            raise QueryFileError(f"{origin}:{number}: {name!r} is not a name that Python could use")
        sections.append((name, []))
    return sections


def _has_code(lines: list[str]) -> bool:
    text = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    return bool(text.strip().strip(";").strip())


def _sql_files(source: str | Path, file: str | None) -> list[Traversable]:
    root: Traversable = source if isinstance(source, Path) else resources.files(source)
    if root.is_file():
        return [root]
    found = [
        entry
        for entry in root.iterdir()
        if entry.is_file() and entry.name.endswith(".sql") and (file is None or entry.name == file)
    ]
    if not found:
        raise QueryFileError(f"{source}: no {file or '.sql file'} there")
    return sorted(found, key=lambda entry: entry.name)
