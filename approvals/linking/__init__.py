"""Linking to what the ERP has already, one item or many. Pages and API come through here alike."""

from approvals.linking.workflow import ask, ask_all, attest, link, link_all

__all__ = ["ask", "ask_all", "attest", "link", "link_all"]
