"""Addresses of the API."""

from django.urls import path, re_path

from approvals import api as approvals
from budgets import api as budgets
from change_events.api import events as change_events
from commitments import api as commitments
from connectors import api as connectors
from directory import api as directory
from erpbridge import api, api_schema

urlpatterns = [
    path("v1/companies/", directory.companies),
    path("v1/projects/", directory.projects),
    path("v1/vendors/", directory.vendors),
    path("v1/jobs/", directory.jobs),
    path("v1/cost-codes/", directory.cost_codes),
    path("v1/categories/", directory.categories),
    path("v1/people/", directory.people),
    path("v1/privilege-requests/", directory.privilege_requests),
    path("v1/privilege-requests/<int:pk>/withdraw/", directory.withdraw),
    path("v1/tokens/", directory.tokens),
    path("v1/tokens/<int:pk>/", directory.token),
    path("v1/commitments/", commitments.commitments),
    path("v1/commitments/<int:pk>/", commitments.commitment),
    path("v1/commitments/<int:pk>/status/", commitments.commitment_status),
    path("v1/commitments/<int:pk>/lines/import/", commitments.commitment_import),
    path("v1/change-orders/", commitments.change_orders),
    path("v1/change-orders/<int:pk>/", commitments.change_order),
    path("v1/change-orders/<int:pk>/status/", commitments.change_order_status),
    path("v1/change-orders/<int:pk>/lines/import/", commitments.change_order_import),
    path("v1/change-events/", change_events.change_events),
    path("v1/change-events/<int:pk>/", change_events.change_event),
    path("v1/change-events/<int:pk>/status/", change_events.change_event_status),
    path("v1/change-events/<int:pk>/create-change-orders/", change_events.change_event_create),
    path("v1/change-events/<int:pk>/add-to-change-order/", change_events.change_event_add),
    path("v1/change-events/<int:pk>/detach/", change_events.change_event_detach),
    path("v1/change-events/<int:pk>/attachments/", change_events.change_event_attachments),
    path(
        "v1/change-events/<int:pk>/attachments/<int:attachment_id>/",
        change_events.change_event_attachment,
    ),
    path("v1/budgets/", budgets.budgets),
    path("v1/budgets/<int:pk>/", budgets.budget),
    path("v1/budgets/<int:pk>/lines/", budgets.lines),
    path("v1/budgets/<int:pk>/lines/import/", budgets.import_lines),
    path("v1/budgets/<int:pk>/figures/", budgets.figures),
    path("v1/budgets/<int:pk>/lock/", budgets.lock),
    path("v1/budgets/<int:pk>/unlock/", budgets.unlock),
    path("v1/budgets/<int:pk>/next-round/", budgets.next_round),
    path("v1/budgets/<int:pk>/modifications/", budgets.modifications),
    path("v1/budgets/<int:pk>/modifications/<int:modification_id>/", budgets.modification),
    path("v1/exports/", approvals.exports),
    path("v1/exports/bulk/<slug:step>/", approvals.bulk_step),
    path("v1/exports/<int:pk>/", approvals.export),
    path("v1/exports/<int:pk>/preview/", approvals.preview),
    path("v1/exports/<int:pk>/exchanges/", approvals.exchanges),
    path("v1/exports/<int:pk>/attachments/", approvals.attachments),
    path("v1/exports/<int:pk>/attachments/<int:attachment_id>/", approvals.attachment),
    path("v1/exports/<int:pk>/attest/", approvals.attest),
    path("v1/exports/<int:pk>/<slug:step>/", approvals.step),
    path("v1/linking/", approvals.linking),
    path("v1/linking/look-up/", approvals.linking_look_up),
    path("v1/linking/link/", approvals.linking_link),
    path("v1/events/", approvals.events),
    path("v1/connections/", connectors.connections),
    path("v1/connections/<int:pk>/", connectors.connection),
    path("v1/erp-records/<slug:slug>/", connectors.erp_records),
    path("v1/erp-records/<slug:slug>/<slug:step>/", connectors.erp_records_step),
    # A path converter would let an address with a line break through to the pages.
    re_path(r"\Av1/(?P<rest>[\s\S]*)$", api.nothing),
    path("schema/", api_schema.schema, name="schema"),
    path("docs/", api_schema.docs, name="api_docs"),
]
