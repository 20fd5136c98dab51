"""The chart of budget against cost, as numbers to draw: the page needs no script for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from budgets.grid import Figures, Grid
from directory.formats import money

# More rows than these are put together by the beginning of their codes, and the rest into one.
MOST = 12
WIDTH = 1000  # of the longest bar, in the pictures' own measure


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: `kind` is budget, committed or cost; `y` is its place from above."""

    kind: str
    y: int
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class Group:
    """The bars of one cost code or division."""

    label: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Chart:
    """What `budgets/chart.html` draws; `summary` is for who does not see it."""

    groups: Sequence[Group]
    summary: str


def chart(grid: Grid) -> Chart | None:
    """Budget, committed and cost of each cost code, or of each division where there are many.

    None where there is no money to draw. Amounts below zero are drawn as nothing.
    """
    rows = [(row.code or "Other", row.figures) for row in grid.rows]
    if grid.count > len(rows) or len(rows) > MOST:
        rows = [(division.name, division.figures) for division in grid.divisions]
    if len(rows) > MOST:
        by_size = sorted(rows, key=lambda row: _most(row[1]), reverse=True)
        kept = {name for name, _ in by_size[: MOST - 1]}
        rest = sum((figures for name, figures in rows if name not in kept), Figures())
        rows = [*[row for row in rows if row[0] in kept], ("Others", rest)]
    scale = max((_most(figures) for _, figures in rows), default=Decimal(0))
    if scale <= 0:
        return None
    groups = [_group(label, figures, scale) for label, figures in rows]
    total = grid.total
    summary = (
        f"Budget {money(total.revised)}, committed {money(total.committed)}, cost to date "
        f"{money(total.cost)}. The table below has every number."
    )
    return Chart(groups, summary)


def _most(figures: Figures) -> Decimal:
    return max(figures.revised, figures.committed, figures.cost)


def _group(label: str, figures: Figures, scale: Decimal) -> Group:
    values = [
        ("budget", "Budget", figures.revised),
        ("committed", "Committed", figures.committed),
        ("cost", "Cost to date", figures.cost),
    ]
    bars = [
        Bar(
            kind,
            place * 10,
            round(float(max(value, Decimal(0)) / scale) * WIDTH, 1),
            f"{label}, {words}: {money(value)}",
        )
        for place, (kind, words, value) in enumerate(values)
    ]
    return Group(label, bars)
