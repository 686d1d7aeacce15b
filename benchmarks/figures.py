"""A measured value beside what it should be."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher"]


class BenchmarkError(Exception):
    """The measurement itself went wrong; a target that was missed is not one."""


@dataclass(frozen=True, slots=True)
class Figure:
    """
    Attributes:
        name: Dotted: scenario, then what was measured.
        target: What the issue asks for; None for figures that explain others.
        note: The conditions that the value depends on.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    better: Better = "lower"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None without one."""
        if self.target is None:
            return None
        return self.value <= self.target if self.better == "lower" else self.value >= self.target

    def as_json(self) -> str:
        """One line."""
        fields: dict[str, object] = {"figure": self.name, "value": round(self.value, 3), "unit": self.unit}
        if self.target is not None:
            fields |= {"target": self.target, "better": self.better, "met": self.met}
        if self.note:
            fields["note"] = self.note
        return json.dumps(fields, ensure_ascii=False)


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: always a value that was measured. Raises BenchmarkError for none."""
    if not values:
        raise BenchmarkError("nothing was measured")
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def as_table(figures: Iterable[Figure]) -> str:
    """Columns: figure, value, target, whether it is met; notes below."""
    rows = [("figure", "value", "target", "")]
    notes = []
    for figure in figures:
        sign = "≤" if figure.better == "lower" else "≥"
        target = "" if figure.target is None else f"{sign} {_number(figure.target)} {figure.unit}"
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met]
        rows.append((figure.name, f"{_number(figure.value)} {figure.unit}", target, verdict))
        if figure.note:
            notes.append(f"  {figure.name}: {figure.note}")
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in [*lines, "", *notes])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
