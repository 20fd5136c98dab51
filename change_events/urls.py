"""Addresses of change events."""

from django.urls import include, path

from change_events import views

_change_events = [
    path("", views.change_event_list, name="change_events"),
    path("new/", views.change_event_new, name="change_event_new"),
    path("<int:pk>/", views.change_event, name="change_event"),
    path("<int:pk>/edit/", views.change_event_edit, name="change_event_edit"),
    path("<int:pk>/status/", views.change_event_status, name="change_event_status"),
    path("<int:pk>/delete/", views.change_event_delete, name="change_event_delete"),
    path("<int:pk>/attachments/", views.change_event_attach, name="change_event_attach"),
    path("<int:pk>/attachments/<int:attachment_id>/", views.change_event_attachment),
    path("<int:pk>/attachments/<int:attachment_id>/remove/", views.change_event_attachment_remove),
    path("<int:pk>/<slug:way>/", views.change_event_carry, name="change_event_carry"),
]

urlpatterns = [path("projects/<int:project_id>/change-events/", include(_change_events))]
