"""A large budget, written straight into its tables."""

from decimal import Decimal

from budgets.models import Budget, BudgetLine
from directory.models import Category, CostCode


def many_lines(budget: Budget, count: int, *, start: int = 0) -> None:
    """`count` more lines, three categories of each cost code; every code is linked. `start`: of
    their cost codes' numbers, where it is called again."""
    categories = [
        Category.objects.get_or_create(company=budget.company, name=name)[0]
        for name in ("Labor", "Material", "Equipment")
    ]
    codes = CostCode.objects.bulk_create(
        CostCode(
            company=budget.company,
            code=f"{10 + n % 40}-{n:04}",
            name=f"Work {n}",
            erp_id=f"MANY-{n}",
            erp_name=f"Work {n}",
        )
        for n in range(start, start - (-count // 3))
    )
    last = budget.lines.count()
    BudgetLine.objects.bulk_create(
        BudgetLine(
            company=budget.company,
            budget=budget,
            number=last + n + 1,
            cost_code=codes[n // 3],
            category=categories[n % 3],
            description=f"Line {n}",
            amount=Decimal(n) + Decimal("0.25"),
        )
        for n in range(count)
    )
