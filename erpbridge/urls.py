"""Every address."""

from django.urls import include, path

from erpbridge import pages

urlpatterns = [
    path("health/", pages.health, name="health"),
    path("accounts/", include("allauth.account.urls")),
    path("", include("budgets.urls")),
]
