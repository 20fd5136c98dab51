"""Every address."""

from django.urls import include, path

from erpbridge import company_history, health, metrics, pages

urlpatterns = [
    path("", pages.my_work, name="home"),
    path("projects/<int:project_id>/", pages.project, name="project"),
    path("companies/<int:company_id>/history/", company_history.company_history, name="history"),
    path("companies/<int:company_id>/history.csv", company_history.history_csv, name="history_csv"),
    path("health/", health.health, name="health"),
    path("health/live/", health.live, name="live"),
    path("metrics", metrics.metrics, name="metrics"),
    path("operator/health/", health.page, name="operator_health"),
    path("accounts/", include("directory.account_urls")),
    path("api/", include("erpbridge.api_urls")),
    path("", include("directory.urls")),
    path("", include("connectors.urls")),
    path("", include("budgets.urls")),  # before the queue's tabs, which take any other word
    path("", include("approvals.urls")),
    path("", include("commitments.urls")),
    path("", include("change_events.urls")),
]
