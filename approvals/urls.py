"""Addresses of ERP Integrations: a company's queue, and one item."""

from django.urls import path

from approvals import views

TAB = "companies/<int:company_id>/erp/<slug:tab>/"

urlpatterns = [
    path(TAB, views.erp_queue, name="queue"),
    path(TAB + "bulk/<slug:step>/", views.queue_bulk, name="queue_bulk"),
    path("exports/<int:pk>/", views.export, name="export"),
    path("exports/<int:pk>/panel/", views.export_panel, name="export_panel"),
    path("exports/<int:pk>/exchanges/", views.export_exchanges, name="export_exchanges"),
    path("exports/<int:pk>/<slug:step>/", views.export_step, name="export_step"),
]
