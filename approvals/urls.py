"""Addresses of ERP Integrations: a company's queue, and one item."""

from django.urls import path

from approvals import attaching, differing, month_end, revoking, views
from approvals.linking import job_views as linking_job
from approvals.linking import views as linking

DIFFERENCES = "companies/<int:company_id>/erp/differences/"
LINKING = "companies/<int:company_id>/erp/linking/"
LINKING_JOB = LINKING + "<int:project_id>/<slug:tab>/"
MONTH_END = "companies/<int:company_id>/erp/month-end/"
TAB = "companies/<int:company_id>/erp/<slug:tab>/"

REVOKE = "operator/companies/<int:company_id>/people/<int:membership_id>/revoke/"

urlpatterns = [
    path(REVOKE, revoking.revoke_privilege, name="operator_revoke"),
    path(DIFFERENCES, differing.differing, name="differences"),
    path(DIFFERENCES + "compare/", differing.compare, name="differences_compare"),
    path(LINKING, linking_job.linking, name="linking"),
    path(LINKING_JOB, linking_job.linking_job, name="linking_job"),
    path(LINKING_JOB + "<slug:step>/", linking_job.linking_step, name="linking_step"),
    path(MONTH_END, month_end.month_end, name="month_end"),
    path(MONTH_END + "<int:project_id>/", month_end.month_end_job, name="month_end_job"),
    path(MONTH_END + "<int:project_id>.csv", month_end.month_end_csv, name="month_end_csv"),
    path(TAB, views.erp_queue, name="queue"),
    path(TAB + "filters/", views.queue_filters, name="queue_filters"),
    path(TAB + "bulk/<slug:step>/", views.queue_bulk, name="queue_bulk"),
    path("exports/<int:pk>/", views.export, name="export"),
    path("exports/<int:pk>/panel/", views.export_panel, name="export_panel"),
    path("exports/<int:pk>/exchanges/", views.export_exchanges, name="export_exchanges"),
    path(
        "exports/<int:pk>/exchanges/<int:message>/",
        views.export_reply,
        name="export_reply",
    ),
    path("exports/<int:pk>/look-up/", linking.look_up, name="export_look_up"),
    path("exports/<int:pk>/link/", linking.link, name="export_link"),
    path("exports/<int:pk>/attest/", linking.attest, name="export_attest"),
    path("exports/<int:pk>/attachments/", attaching.attach_files, name="attach"),
    path(
        "exports/<int:pk>/attachments/<int:attachment_id>/",
        attaching.attachment,
        name="attachment",
    ),
    path(
        "exports/<int:pk>/attachments/<int:attachment_id>/remove/",
        attaching.attachment_remove,
        name="attachment_remove",
    ),
    path("exports/<int:pk>/<slug:step>/", views.export_step, name="export_step"),
]
