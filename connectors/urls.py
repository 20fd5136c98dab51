"""Addresses of the connections and of the Web Connector."""

from django.urls import path

from connectors import lists, views, webconnector
from connectors.importing import LISTS

ERP = "companies/<int:company_id>/erp/"
CONNECTION = ERP + "connection/"

_lists = [
    each
    for slug in LISTS
    for each in (
        path(f"{ERP}{slug}/", lists.erp_list, {"slug": slug}, name="erp_list"),
        path(
            f"{ERP}{slug}/<slug:step>/", lists.erp_list_step, {"slug": slug}, name="erp_list_step"
        ),
    )
]

urlpatterns = [
    *_lists,
    path(CONNECTION, views.connection, name="connection"),
    path(CONNECTION + "create/", views.create, name="connection_create"),
    path(CONNECTION + "access/", views.access, name="connection_access"),
    path(CONNECTION + "settings/", views.settings, name="connection_settings"),
    path(CONNECTION + "confirm/", views.confirm, name="connection_confirm"),
    path(CONNECTION + "renew/", views.renew, name="connection_renew"),
    path(CONNECTION + "test/", views.test, name="connection_test"),
    path(CONNECTION + "password/", views.password, name="connection_password"),
    path(CONNECTION + "schedule/", views.schedule, name="connection_schedule"),
    path(CONNECTION + "categories/", views.categories, name="connection_categories"),
    path(CONNECTION + "sync/", views.sync, name="connection_sync"),
    path("qbwc/<int:connection_id>/", webconnector.endpoint, name="qbwc"),
    path("qbwc/<int:connection_id>.qwc", views.qwc, name="qwc"),
    path("qbwc/<int:connection_id>/support/", views.support, name="qbwc_support"),
]
