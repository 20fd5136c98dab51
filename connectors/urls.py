"""Addresses of the connections and of the Web Connector."""

from django.urls import path

from connectors import views, webconnector

CONNECTION = "companies/<int:company_id>/erp/connection/"

urlpatterns = [
    path(CONNECTION, views.connection, name="connection"),
    path(CONNECTION + "create/", views.create, name="connection_create"),
    path(CONNECTION + "password/", views.password, name="connection_password"),
    path(CONNECTION + "schedule/", views.schedule, name="connection_schedule"),
    path(CONNECTION + "categories/", views.categories, name="connection_categories"),
    path(CONNECTION + "sync/", views.sync, name="connection_sync"),
    path("qbwc/<int:connection_id>/", webconnector.endpoint, name="qbwc"),
    path("qbwc/<int:connection_id>.qwc", views.qwc, name="qwc"),
    path("qbwc/<int:connection_id>/support/", views.support, name="qbwc_support"),
]
