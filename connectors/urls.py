"""Addresses of the connections and of the Web Connector."""

from django.urls import path

from connectors import lists, webconnector
from connectors.importing import LISTS
from connectors.views import called, changing, polled, showing

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
    path(CONNECTION, showing.connection, name="connection"),
    path(CONNECTION + "create/", changing.create, name="connection_create"),
    path(CONNECTION + "access/", called.access, name="connection_access"),
    path(CONNECTION + "settings/", called.settings, name="connection_settings"),
    path(CONNECTION + "confirm/", called.confirm, name="connection_confirm"),
    path(CONNECTION + "renew/", called.renew, name="connection_renew"),
    path(CONNECTION + "test/", called.test, name="connection_test"),
    path(CONNECTION + "password/", polled.password, name="connection_password"),
    path(CONNECTION + "schedule/", changing.schedule, name="connection_schedule"),
    path(CONNECTION + "categories/", changing.categories, name="connection_categories"),
    path(CONNECTION + "sync/", changing.sync, name="connection_sync"),
    path("qbwc/<int:connection_id>/", webconnector.endpoint, name="qbwc"),
    path("qbwc/<int:connection_id>.qwc", polled.qwc, name="qwc"),
    path("qbwc/<int:connection_id>/support/", polled.support, name="qbwc_support"),
]
