"""Every address of the application and, below /bench/, what it is measured against."""

from django.urls import include, path

urlpatterns = [
    path("", include("erpbridge.urls")),
]
