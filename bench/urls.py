"""Every address of the application and, below /bench/, what it is measured against."""

from django.urls import include, path

from bench import against

urlpatterns = [
    path("", include("erpbridge.urls")),
    path("bench/queue/", against.queue),
    path("bench/numbered/", against.NumberedQueue.as_view()),
    path("bench/accept/", against.accept),
    path("bench/document/", against.document),
    path("bench/budget/", against.budget),
]
