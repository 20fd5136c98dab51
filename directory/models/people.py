"""People, the companies they work for, and their levels on the tools."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from guardian.models import UserObjectPermissionBase

from directory.models.places import Company, Project
from directory.perms import COMPANY_TOOLS, PROJECT_TOOLS, Level, Tool


class People(BaseUserManager["User"]):
    def create_user(self, email: str, name: str, password: str | None = None, **rest: Any) -> User:
        """A new person. Without a password they cannot sign in until they have set one."""
        user = self.model(email=email.strip().lower(), name=name, **rest)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, email: str | None) -> User:
        return self.get(email__iexact=email or "")


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address.

    An operator runs the installation and grants the accounting privilege; nobody is a superuser,
    because that would pass every guardian permission.
    """

    class Mails(models.TextChoices):
        """When this person gets their notices as mail. They stand on their page in any case."""

        AT_ONCE = "at-once", "At once"
        DAILY = "daily", "Once a day"
        OFF = "off", "Never"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_operator = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(db_default=Now())
    mails = models.CharField(
        max_length=7, choices=Mails.choices, default=Mails.AT_ONCE, db_default=Mails.AT_ONCE
    )

    objects: ClassVar[People] = People()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    is_staff = False

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="one_person_per_email"),
            models.CheckConstraint(condition=Q(is_superuser=False), name="nobody_is_superuser"),
        ]

    def __str__(self) -> str:
        return self.name


class CompanyUserObjectPermission(UserObjectPermissionBase):
    """Guardian's rows for companies, with a real foreign key: gone with the company."""

    content_object = models.ForeignKey(Company, models.CASCADE)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["user", "permission", "content_object"], name="privilege_once"
            )
        ]


class Membership(models.Model):
    """A person works for a company. The row is also the lock of their privilege there."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    company = models.ForeignKey(Company, models.PROTECT, related_name="memberships")
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "user"], name="membership_once"),
            models.UniqueConstraint(fields=["id", "company"], name="membership_of_company"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.company}"


class ToolLevel(models.Model):
    """How far one person may go with one tool, in one company or one of its projects."""

    membership = models.ForeignKey(Membership, models.CASCADE, related_name="levels")
    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    project = models.ForeignKey(Project, models.CASCADE, null=True, related_name="+")
    tool = models.CharField(max_length=20, choices=Tool.choices)
    level = models.SmallIntegerField(choices=Level.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "tool", "project"],
                name="one_level_per_tool",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(project=None, tool__in=COMPANY_TOOLS)
                | Q(project__isnull=False, tool__in=PROJECT_TOOLS),
                name="tool_has_its_place",
            ),
        ]
        indexes = [models.Index(fields=["project", "tool"], name="level_by_project")]

    def __str__(self) -> str:
        return f"{self.get_tool_display()}: {self.get_level_display()}"


class ApiToken(models.Model):
    """A personal key for programs. Shown once; only its SHA-256 is kept. A row that was revoked or
    has expired opens nothing, and stays to be read."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True)
    # Within some minutes: not every request writes.
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name

    @staticmethod
    def digest_of(key: str) -> str:
        return hashlib.sha256(key.encode(errors="replace")).hexdigest()

    @classmethod
    def make(cls, user: User, name: str, expires_at: datetime | None = None) -> str:
        """A new token of `user`; returns the key, which nobody can read again."""
        key = f"eb_{secrets.token_hex(24)}"
        digest = cls.digest_of(key)
        cls.objects.create(user=user, name=name, digest=digest, expires_at=expires_at)
        return key


class RequestKey(models.Model):
    """A request that a program marked as its only one, and how it was answered."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    request_digest = models.CharField(max_length=64)
    status = models.SmallIntegerField(default=0)
    answer = models.TextField(blank=True, default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="request_key_once")]
        indexes = [models.Index(fields=["user", "at"], name="request_key_age")]

    def __str__(self) -> str:
        return self.key
