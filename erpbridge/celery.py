"""Celery: who does the work that no request should wait for.

PostgreSQL is the queue; a task is only a bell and carries nothing but ids. Losing every message
costs the seconds until the next sweep.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erpbridge.settings")

app = Celery("erpbridge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
