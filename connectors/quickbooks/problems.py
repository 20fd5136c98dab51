"""Why a document cannot go to QuickBooks, all of it at once, each with where to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from connectors.contract import Document, Line, Problem, Terms, aggregate
from connectors.quickbooks import budgets, categories, change_orders, commitments, errors, schema
from connectors.quickbooks.words import fit

TITLE = {"commitment": 255, "change_order": 30}
NUMBER = {"commitment": schema.REF_NUMBER, "change_order": 12}
_MOST = 10**10  # a rate has ten digits before the point


def problems(
    document: Document, terms: Terms | None, facts: Mapping[str, str] = MappingProxyType({})
) -> list[Problem]:
    """Every reason. Without `terms` only what the document itself shows; `facts` as in `hello`."""
    found = list(_budget(document, terms, facts) if document.kind == "budget" else _texts(document))
    if not document.lines:
        found.append(Problem(code="no_lines", text="It has no lines.", where="lines"))
    for line in document.lines:
        found += _line(document, line)
    if document.kind == "change_order" and not found:
        found += _new_lines(document)
    if sum(line.amount for line in document.lines) != document.amount:
        text = "Its lines do not come to its amount. Save it again."
        found.append(Problem(code="amount", text=text, where="lines"))
    elif document.amount < 0 and (
        document.kind == "commitment" or (document.kind == "budget" and budgets.is_first(document))
    ):
        what = "A purchase order" if document.kind == "commitment" else "An estimate"
        text = f"{what} cannot come to less than 0.00."
        found.append(Problem(code="amount", text=text, where="lines"))
    if terms is not None:
        found += _destination(document, terms)
        found += categories.problems(document, terms, facts)
    return found


def _budget(document: Document, terms: Terms | None, facts: Mapping[str, str]) -> Iterator[Problem]:
    """What only a budget needs; its title and description have no field in an estimate."""
    if facts.get("estimates") == "off":
        text = (
            f"Estimates are switched off in QuickBooks. {errors.SWITCH_ON['estimates']}. Then "
            "press Sync now on the Connection page, so that it is seen here."
        )
        yield Problem(code="estimates", text=text, where="settings")
    parent = terms.parent if terms is not None else None
    if budgets.is_first(document):
        if parent is not None:
            text = "This budget is in QuickBooks already, so its first round cannot go again."
            yield Problem(code="parent", text=text, where="parent")
    elif terms is not None and parent is None:
        text = "The round before is not in QuickBooks. Send that first."
        yield Problem(code="parent", text=text, where="parent")
    for code, lines, amount in budgets.summed(document, terms):
        where = f"line:{lines[0].number}"
        if abs(amount) >= _MOST:
            called = code.code or code.name
            text = f"Cost code {called} comes to {amount:,.2f}, too much for QuickBooks."
            yield Problem(code="amount", text=text, where=where)
        length = len(fit(budgets.description(document, code, lines)))
        if length > schema.DESCRIPTION:
            text = (
                f"The descriptions of cost code {code.code or code.name} have {length:,} "
                f"characters together; QuickBooks takes {schema.DESCRIPTION:,}."
            )
            yield Problem(code="line_long", text=text, where=where)


def _texts(document: Document) -> Iterator[Problem]:
    number = document.number
    if not number.strip():
        yield Problem(code="number", text="It has no number.", where="number")
    elif number != fit(number).strip():
        text = f"The number “{number}” has blanks around it, or characters QuickBooks lacks."
        yield Problem(code="number", text=text, where="number")
    yield from _long("number", "number", number, NUMBER[document.kind])
    yield from _long("title", "title", document.title, TITLE[document.kind])
    if document.kind == "change_order":
        line = change_orders.memo_line(document)
        yield from _long("description", "description", fit(line), schema.MEMO)
        return
    memo = commitments.memo(document)
    if len(fit(memo)) > schema.MEMO:
        yield Problem(
            code="description_long",
            text=f"Title and description together have {len(fit(memo)):,} characters; QuickBooks "
            f"takes {schema.MEMO:,}.",
            where="description",
        )
    message = document.vendor_message.strip()
    yield from _long("vendor_message", "message to the vendor", fit(message), schema.VENDOR_MESSAGE)


def _long(where: str, what: str, text: str, most: int) -> Iterator[Problem]:
    if len(text) > most:
        yield Problem(
            code=f"{where}_long",
            text=f"The {what} has {len(text):,} characters; QuickBooks takes {most:,}.",
            where=where,
        )


def _line(document: Document, line: Line) -> Iterator[Problem]:
    if line.sub_job:
        text = f"Line {line.number} names the sub job {line.sub_job}; QuickBooks takes none."
        yield Problem(code="sub_job", text=text, where=f"line:{line.number}")
    if abs(line.amount) >= _MOST or line.amount != round(line.amount, 2):
        why = f"is too large. QuickBooks takes less than {_MOST:,}."
        if abs(line.amount) < _MOST:
            why = "has more than two decimals. QuickBooks takes two."
        text = f"Line {line.number}: the amount {line.amount:,} {why}"
        yield Problem(code="amount", text=text, where=f"line:{line.number}")
    if document.kind == "change_order" and line.commitment_line is None:
        text = f"Line {line.number} does not say which line of the commitment it changes."
        yield Problem(code="commitment_line", text=text, where=f"line:{line.number}")
    if len(fit(line.description.strip())) > schema.DESCRIPTION:
        yield Problem(
            code="line_long",
            text=f"The description of line {line.number} has {len(fit(line.description)):,} "
            f"characters; QuickBooks takes {schema.DESCRIPTION:,}.",
            where=f"line:{line.number}",
        )


def _new_lines(document: Document) -> Iterator[Problem]:
    """What only shows once the changes of one commitment line are put together."""
    for target, parts, amount in aggregate(document.lines):
        where, numbers = f"line:{parts[0].number}", ", ".join(str(part.number) for part in parts)
        length = len(fit(change_orders.description(document, target, parts)))
        if length > schema.DESCRIPTION:
            yield Problem(
                code="line_long",
                text=f"Title and descriptions of line {numbers} have {length:,} characters "
                f"together; QuickBooks takes {schema.DESCRIPTION:,}.",
                where=where,
            )
        if len({part.cost_code.id for part in parts}) > 1:
            yield Problem(
                code="cost_code",
                text=f"Lines {numbers} change the same line of the commitment under different "
                "cost codes. Give them the one of that line.",
                where=where,
            )
        if abs(amount) >= _MOST:
            text = f"Lines {numbers} come to {amount:,.2f}. QuickBooks takes less than {_MOST:,}."
            yield Problem(code="amount", text=text, where=where)


def _destination(document: Document, terms: Terms) -> Iterator[Problem]:
    if terms.job is None:
        text = f"The project {document.project.name} is linked to no active job of QuickBooks."
        yield Problem(code="job", text=text, where="job")
    if terms.vendor is None and document.kind != "budget":
        name = f"{document.vendor.name} is" if document.vendor else "The contract company is"
        text = f"{name} linked to no active vendor of QuickBooks. The directory says why."
        yield Problem(code="vendor", text=text, where="vendor")
    if document.kind == "change_order" and terms.parent is None:
        text = "Its commitment is not in QuickBooks yet. Send that first."
        yield Problem(code="parent", text=text, where="parent")
    missing = {
        line.cost_code.id: line
        for line in reversed(document.lines)
        if str(line.cost_code.id) not in terms.items
    }
    for line in sorted(missing.values(), key=lambda line: line.number):
        code = line.cost_code.code or line.cost_code.name
        text = f"Cost code {code} is linked to no item of QuickBooks that can take costs."
        yield Problem(code="item", text=text, where=f"line:{line.number}")
