"""The door for a WSGI server."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "erpbridge.settings")

application = get_wsgi_application()

# A long page makes thousands of objects that are gone at its end. Python would look through them
# twice meanwhile, and every now and then through all that is loaded.
gc.collect()
gc.freeze()
gc.set_threshold(20_000)
