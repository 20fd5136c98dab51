"""Every address."""

from django.urls import include, path

from erpbridge import pages

urlpatterns = [
    path("", pages.my_work, name="home"),
    path("projects/<int:project_id>/", pages.project, name="project"),
    path("health/", pages.health, name="health"),
    path("accounts/", include("directory.account_urls")),
    path("api/", include("erpbridge.api_urls")),
    path("", include("directory.urls")),
    path("", include("connectors.urls")),
    path("", include("approvals.urls")),
    path("", include("commitments.urls")),
    path("", include("change_events.urls")),
    path("", include("budgets.urls")),
]
