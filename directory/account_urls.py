"""Signing in, one's own password, second factors and sessions. Only these of allauth's pages:
nobody signs up or changes the address that an administrator invited."""

from allauth.account import views
from allauth.usersessions.views import list_usersessions
from django.conf import settings
from django.urls import include, path, re_path

from directory.http import fresh

urlpatterns = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", views.signup, name="account_signup"),  # says that it is closed
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", views.password_set, name="account_set_password"),
    path("password/reset/", views.password_reset, name="account_reset_password"),
    path("password/reset/done/", views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("second-factor/", include("allauth.mfa.urls")),
    # Whoever found a browser open does not sign its person out elsewhere.
    path("sessions/", fresh(list_usersessions), name="usersessions_list"),
]
if settings.OPENID_SERVER:
    urlpatterns += [
        path("openid/", include("allauth.socialaccount.urls")),
        path("", include("allauth.socialaccount.providers.openid_connect.urls")),
    ]
