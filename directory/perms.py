"""Every permission there is: a level on a tool, and one privilege that only the operator grants."""

from django.db import models


class Level(models.IntegerChoices):
    NONE = 0, "None"
    READ = 1, "Read Only"
    STANDARD = 2, "Standard"
    ADMIN = 3, "Admin"


class Tool(models.TextChoices):
    COMMITMENTS = "commitments", "Commitments"
    CHANGE_ORDERS = "change_orders", "Change Orders"
    CHANGE_EVENTS = "change_events", "Change Events"
    BUDGET = "budget", "Budget"
    ERP = "erp", "ERP Integrations"
    DIRECTORY = "directory", "Directory"


PROJECT_TOOLS = (Tool.COMMITMENTS, Tool.CHANGE_ORDERS, Tool.CHANGE_EVENTS, Tool.BUDGET)
COMPANY_TOOLS = (Tool.ERP, Tool.DIRECTORY)

# django-guardian, on one company. Codename and the words that people see.
PUSH = "push_to_accounting"
PUSH_WORDS = "Can Push to Accounting"
