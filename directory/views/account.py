"""One's own account: how one signs in, when one gets mail, what one was told."""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from directory.access import without_second_factor
from directory.http import fresh, person
from directory.models import ApiToken, User
from directory.notices import notices_of
from directory.tokens import LIVES, make_token, revoke_token

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
    context = {
        "form": form,
        "tokens": ApiToken.objects.filter(user=user).order_by("-id")[:SHOWN],
        "lives": LIVES,
        "now": timezone.now(),
        "second_factor": is_mfa_enabled(user),
        "lacking": without_second_factor(user),
    }
    return render(request, "account/account.html", context, status=422 if form.errors else 200)


class TokenForm(forms.Form):
    """A new key for a program. `days`: how long it works, '' until it is revoked."""

    name = forms.CharField(max_length=60)
    days = forms.TypedChoiceField(
        choices=[("", "")] + [(life, "") for life in LIVES],
        coerce=int,
        required=False,
        empty_value=None,
    )


@login_required
@fresh
@require_POST
@never_cache
def new_token(request: HttpRequest) -> HttpResponse:
    """Make a key for a program; it is shown this once."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Give the token a name of at most 60 characters.")
        return redirect("account")
    token, key = make_token(person(request), **form.cleaned_data)
    return render(request, "account/token.html", {"token": token, "key": key})


@login_required
@require_POST
def end_token(request: HttpRequest, pk: int) -> HttpResponse:
    """Revoke a key of one's own."""
    if not revoke_token(person(request), pk):
        raise Http404
    messages.success(request, "Revoked. It opens nothing any more.")
    return redirect("account")


@login_required
@require_http_methods(["GET", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """What one was told, newest first; the button marks all of it as read."""
    mine = notices_of(person(request))
    if request.method == "POST":
        mine.filter(is_read=False).order_by().update(is_read=True)
        return redirect("notices")
    return render(request, "directory/notices.html", {"notices": mine[:SHOWN]})
