"""The door for a WSGI server."""

import gc
import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erpbridge.settings")
# Nobody waits for a page any longer than that, and others want the thread and the database.
os.environ.setdefault("ERPBRIDGE_STATEMENT_SECONDS", "60")

if settings.SECRET_KEY.startswith("unset-"):
    # The one that stands in the settings signs nothing that anybody could send.
    raise ImproperlyConfigured("Set ERPBRIDGE_SECRET_KEY: 50 random characters, kept secret.")

application = get_wsgi_application()

# A long page makes thousands of objects that are gone at its end. Python would look through them
# twice meanwhile, and every now and then through all that is loaded.
gc.collect()
gc.freeze()
gc.set_threshold(20_000)
