"""Addresses of commitments and change orders."""

from typing import Any

from django.urls import URLPattern, include, path

from commitments.views import change_orders, commitments, documents, entering, printing
from commitments.views.documents import Pages


def _alike(pages: Pages[Any]) -> list[URLPattern]:
    """The addresses that both kinds of document have."""
    of = {"pages": pages}
    kind = pages.kind.value
    return [
        path("", documents.document_list, of, name=f"{kind}s"),
        path("send/", documents.send_selected, of, name=f"{kind}s_send"),
        path("log.csv", documents.document_log, of, name=f"{kind}s_log"),
        path("<int:pk>/edit/", entering.document_edit, of, name=f"{kind}_edit"),
        path("<int:pk>/status/", documents.document_status, of, name=f"{kind}_status"),
        path("<int:pk>/delete/", documents.document_delete, of, name=f"{kind}_delete"),
    ]


_commitments = [
    *_alike(commitments.PAGES),
    path("new/", commitments.commitment_new, name="commitment_new"),
    path("<int:pk>/", commitments.commitment, name="commitment"),
    path("<int:pk>/print/", printing.commitment_print, name="commitment_print"),
    path(
        "<int:commitment_id>/change-orders/new/",
        change_orders.change_order_new,
        name="change_order_new",
    ),
]
_change_orders = [
    *_alike(change_orders.PAGES),
    path("<int:pk>/", change_orders.change_order, name="change_order"),
    path("<int:pk>/print/", printing.change_order_print, name="change_order_print"),
]

urlpatterns = [
    path("projects/<int:project_id>/commitments/", include(_commitments)),
    path("projects/<int:project_id>/change-orders/", include(_change_orders)),
]
