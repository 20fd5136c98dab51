"""Addresses of connectors."""

from django.urls import URLPattern, path

from connectors import webconnector

urlpatterns: list[URLPattern] = [
    path("qbwc/<int:connection_id>/", webconnector.endpoint, name="qbwc"),
]
