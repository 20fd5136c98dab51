"""The company file that the stories play with: every request to it is held to the published schema.

Where QBXML_SCHEMA names no folder, only the stand-in itself looks at them.
"""

from __future__ import annotations

from sandbox.quickbooks import CompanyFile
from sandbox.quickbooks.books import Session
from tests.connectors.quickbooks.playing import check_schema


class CheckedBooks(CompanyFile):
    """A company file that fails the test where a request is not as the schema has it."""

    def answer(self, qbxml: str | bytes, session: Session | None = None) -> str:
        check_schema(qbxml if isinstance(qbxml, str) else qbxml.decode())
        return super().answer(qbxml, session)
