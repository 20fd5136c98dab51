"""People and places, the trade's lists, and the history."""

from directory.models.costs import Committed, JobCost
from directory.models.history import Chain, Event
from directory.models.lists import Category, CostCode, Job, Unlinked, Vendor
from directory.models.mail import Mail, Notice
from directory.models.people import (
    ApiToken,
    CompanyUserObjectPermission,
    Membership,
    RequestKey,
    ToolLevel,
    User,
)
from directory.models.places import Company, Project
from directory.models.privileges import PrivilegeRequest
from directory.models.watching import Heartbeat, Verification

__all__ = [
    "ApiToken",
    "Category",
    "Chain",
    "Committed",
    "Company",
    "CompanyUserObjectPermission",
    "CostCode",
    "Event",
    "Heartbeat",
    "Job",
    "JobCost",
    "Mail",
    "Membership",
    "Notice",
    "PrivilegeRequest",
    "Project",
    "RequestKey",
    "ToolLevel",
    "Unlinked",
    "User",
    "Vendor",
    "Verification",
]
