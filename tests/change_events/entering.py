"""Change events as people enter them."""

from change_events.entries import EventEntry, EventLine
from change_events.models import ChangeEvent


def event_entry(event: ChangeEvent) -> EventEntry:
    """The change event as it is now, to be edited."""
    return EventEntry(
        number=event.number,
        title=event.title,
        reason=event.reason,
        description=event.description,
        lines=[
            EventLine(
                id=line.pk,
                cost_code=line.cost_code_id,
                category=line.category_id,
                sub_job=line.sub_job,
                description=line.description,
                quantity=line.quantity,
                unit=line.unit,
                unit_cost=line.unit_cost,
                amount=line.amount,
                commitment=line.commitment_id,
                vendor=line.vendor_id,
            )
            for line in event.lines.all()
        ],
    )
