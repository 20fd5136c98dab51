"""What people are told, and the mails that tell them."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from directory.models.people import User
from directory.models.places import Company


class Mail(models.Model):
    """A mail on its way out: one row, one recipient, sent at most once.

    `sending` is committed before the mail server is called, so a mail that may have gone out is
    never sent again: whatever ends between that and the server's answer leaves it `unsure`. What
    definitely did not go is tried again, and is `failed` in the end. The texts are forgotten once
    it is no longer waiting, since they may hold one-time links; installations that send nothing
    (`shown`) keep them for the operator's page.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        SHOWN = "shown", "Shown here, not sent"
        FAILED = "failed", "Not sent"
        UNSURE = "unsure", "May have been sent"

    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    address = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True, default="")
    # What must not be written twice: the summary of a day.
    key = models.CharField(max_length=80, null=True, unique=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    tries = models.SmallIntegerField(default=0)
    made_at = models.DateTimeField(db_default=Now())
    not_before = models.DateTimeField(db_default=Now())
    state_at = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], condition=Q(state="waiting"), name="mail_waiting"),
            models.Index(fields=["state_at"], condition=Q(state="sending"), name="mail_sending"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} to {self.address}"


class Notice(models.Model):
    """Something that one person is told: on their page, and by mail as they chose.

    Written in the transaction of what it tells of. `mail` is the mail that carried it.
    """

    LONGEST = 400

    user = models.ForeignKey(User, models.CASCADE, related_name="notices")
    company = models.ForeignKey(Company, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=20)  # see `directory.notices.KINDS`
    title = models.CharField(max_length=LONGEST)
    text = models.TextField(blank=True, default="")
    path = models.CharField(max_length=200)
    # What must not be told twice: the same silence, the same day without an approver.
    key = models.CharField(max_length=80, null=True, unique=True)
    at = models.DateTimeField(db_default=Now())
    is_read = models.BooleanField(default=False)
    mail = models.ForeignKey(Mail, models.SET_NULL, null=True, related_name="notices")

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="notice_of_person"),
            models.Index(fields=["at"], condition=Q(mail=None), name="notice_not_mailed"),
        ]

    def __str__(self) -> str:
        return self.title
