"""Which exports a person may look at; everything else answers 404."""

from django.http import Http404

from approvals.models import Export, Kinds
from directory.access import Access, access_to
from directory.compiled import CompiledQuery
from directory.models import User
from directory.perms import Level, Tool

# Reading one of these in its project, or ERP Integrations in its company, opens an export.
TOOLS = {
    Kinds.COMMITMENT: (Tool.COMMITMENTS,),
    Kinds.CHANGE_ORDER: (Tool.COMMITMENTS, Tool.CHANGE_ORDERS),
    Kinds.BUDGET: (Tool.BUDGET,),
}


def open_export(user: User, export_id: int) -> tuple[Export, Access]:
    """The export and what `user` may do in its project and company. Raises Http404."""
    export = _EXPORT.first(export_id)
    if export is None:
        raise Http404
    access = access_to(user, export.company, export.project)
    # What was never sent is not yet accounting's to see.
    accounting = (Tool.ERP,) if export.copy else ()
    access.see(*accounting, *TOOLS[Kinds(export.kind)])
    return export, access


_EXPORT = CompiledQuery(
    lambda pk: Export.objects.select_related(
        "company__connection", "project", "parent", "sent_by", "decided_by"
    ).filter(pk=pk),
    int,
)


def sees_document(export: Export, access: Access) -> bool:
    """Whether the live document may be opened, too: that needs its own tool."""
    return any(access.has(tool, Level.READ) for tool in TOOLS[Kinds(export.kind)])
