"""One's own account: how one signs in, when one gets mail, what one was told."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from directory.http import person
from directory.models import User
from directory.notices import notices_of

SHOWN = 100


class MailForm(forms.ModelForm):  # type: ignore[type-arg]
    """When a person gets their notices as mail."""

    class Meta:
        model = User
        fields = ("mails",)
        widgets = {"mails": forms.RadioSelect}
        labels = {"mails": "Your notices by mail"}


@login_required
@require_http_methods(["GET", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Everything that is one's own to set."""
    user = person(request)
    form = MailForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        user.save(update_fields=["mails"])
        messages.success(request, "Saved when you get mail.")
        return redirect("account")
    context = {"form": form}
    return render(request, "account/account.html", context, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """What one was told, newest first; the button marks all of it as read."""
    mine = notices_of(person(request))
    if request.method == "POST":
        mine.filter(is_read=False).order_by().update(is_read=True)
        return redirect("notices")
    return render(request, "directory/notices.html", {"notices": mine[:SHOWN]})
