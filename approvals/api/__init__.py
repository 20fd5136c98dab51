"""Exports by API: the queue, one item with all that is known of it, the steps, the history."""

from approvals.api.attachments import attachment, attachments
from approvals.api.history import events
from approvals.api.items import exchanges, export, preview
from approvals.api.linking import attest, linking, linking_link, linking_look_up
from approvals.api.queue import exports
from approvals.api.steps import bulk_step, step

__all__ = [
    "attachment",
    "attachments",
    "attest",
    "bulk_step",
    "events",
    "exchanges",
    "export",
    "exports",
    "linking",
    "linking_link",
    "linking_look_up",
    "preview",
    "step",
]
