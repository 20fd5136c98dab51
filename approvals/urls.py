"""Addresses of ERP Integrations: a company's queue, and one item."""

from django.urls import path

from approvals import differing, linking, views

DIFFERENCES = "companies/<int:company_id>/erp/differences/"
TAB = "companies/<int:company_id>/erp/<slug:tab>/"

urlpatterns = [
    path(DIFFERENCES, differing.differing, name="differences"),
    path(DIFFERENCES + "compare/", differing.compare, name="differences_compare"),
    path(TAB, views.erp_queue, name="queue"),
    path(TAB + "bulk/<slug:step>/", views.queue_bulk, name="queue_bulk"),
    path("exports/<int:pk>/", views.export, name="export"),
    path("exports/<int:pk>/panel/", views.export_panel, name="export_panel"),
    path("exports/<int:pk>/exchanges/", views.export_exchanges, name="export_exchanges"),
    path("exports/<int:pk>/look-up/", linking.look_up, name="export_look_up"),
    path("exports/<int:pk>/link/", linking.link, name="export_link"),
    path("exports/<int:pk>/<slug:step>/", views.export_step, name="export_step"),
]
