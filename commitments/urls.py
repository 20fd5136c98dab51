"""Addresses of commitments and change orders."""

from django.urls import include, path

from commitments.views import change_orders, commitments, printing

_commitments = [
    path("", commitments.commitment_list, name="commitments"),
    path("new/", commitments.commitment_new, name="commitment_new"),
    path("<int:pk>/", commitments.commitment, name="commitment"),
    path("<int:pk>/print/", printing.commitment_print, name="commitment_print"),
    path("<int:pk>/edit/", commitments.commitment_edit, name="commitment_edit"),
    path("<int:pk>/status/", commitments.commitment_status, name="commitment_status"),
    path("<int:pk>/delete/", commitments.commitment_delete, name="commitment_delete"),
    path(
        "<int:commitment_id>/change-orders/new/",
        change_orders.change_order_new,
        name="change_order_new",
    ),
]
_change_orders = [
    path("", change_orders.change_order_list, name="change_orders"),
    path("<int:pk>/", change_orders.change_order, name="change_order"),
    path("<int:pk>/print/", printing.change_order_print, name="change_order_print"),
    path("<int:pk>/edit/", change_orders.change_order_edit, name="change_order_edit"),
    path("<int:pk>/status/", change_orders.change_order_status, name="change_order_status"),
    path("<int:pk>/delete/", change_orders.change_order_delete, name="change_order_delete"),
]

urlpatterns = [
    path("projects/<int:project_id>/commitments/", include(_commitments)),
    path("projects/<int:project_id>/change-orders/", include(_change_orders)),
]
