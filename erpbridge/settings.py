"""Settings. Machines differ by environment variables alone; ./run sets them for its own servers.

Needed: DATABASE_URL, ERPBRIDGE_SECRET_KEY, ERPBRIDGE_ENCRYPTION_KEYS. Every other variable has a
default, and stands where it is read: here and in `erpbridge.servers`.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from celery.schedules import crontab

from erpbridge import proxy, servers
from erpbridge.logs import formatter

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(os.environ.get("ERPBRIDGE_STATE", BASE_DIR / "var"))

DEBUG = os.environ.get("ERPBRIDGE_DEBUG") == "1"
# Commands that never open a session (collectstatic, makemigrations) may run without the secrets.
SECRET_KEY = os.environ.get("ERPBRIDGE_SECRET_KEY", "unset-" + "0" * 60)
ENCRYPTION_KEYS = os.environ.get("ERPBRIDGE_ENCRYPTION_KEYS", "").split()
BASE_URL = os.environ.get("ERPBRIDGE_BASE_URL", "http://localhost:8000").rstrip("/")
SECURE = BASE_URL.startswith("https://")

ALLOWED_HOSTS = os.environ.get(
    "ERPBRIDGE_HOSTS", f"{urlsplit(BASE_URL).hostname} localhost 127.0.0.1"
).split()
CSRF_TRUSTED_ORIGINS = [BASE_URL]

DATABASES = {"default": servers.database(os.environ.get("DATABASE_URL", "postgresql:///erpbridge"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# For what all web processes count together: failed sign-ins. In the database, so that nothing hangs
# on Redis.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

INSTALLED_APPS = [
    "directory",
    "connectors",
    "attachments",
    "approvals",
    "commitments",
    "change_events",
    "budgets",
    "erpbridge",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "guardian",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "erpbridge.metrics.timed",
    *(["erpbridge.proxy.behind_proxy"] if SECURE else []),
    "erpbridge.logs.of_request",
    *(["erpbridge.proxy.no_program_in_the_open"] if SECURE else []),
    "django.middleware.security.SecurityMiddleware",
    "connectors.webconnector.Door",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "directory.http.NotKept",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "directory.http.NoNul",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "directory.http.LedBack",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "directory.sessions.LockInTime",
]

ROOT_URLCONF = "erpbridge.urls"
WSGI_APPLICATION = "erpbridge.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["directory.templatetags.addresses", "directory.templatetags.parts"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
    {
        # Rows of long lists, and what documents' pages are made of: eleven times faster than
        # Django's own templates. After those, which are asked for by name alone.
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates" / "rows", BASE_DIR / "templates"],
        "OPTIONS": {"environment": "erpbridge.rows.environment"},
    },
]

# --- People ------------------------------------------------------------------------------------

AUTH_USER_MODEL = "directory.User"
# A company's own sign-in, OpenID Connect, if it has one: the address of its server, as it
# announces itself, and what we are called there.
OPENID_SERVER = os.environ.get("ERPBRIDGE_OPENID_SERVER", "")
if OPENID_SERVER:
    INSTALLED_APPS += ["allauth.socialaccount", "allauth.socialaccount.providers.openid_connect"]
    # Only people who were invited, found by the address that the server has verified.
    SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
    SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "company",
                    "name": os.environ.get("ERPBRIDGE_OPENID_NAME", "your company's account"),
                    "client_id": os.environ.get("ERPBRIDGE_OPENID_CLIENT", ""),
                    "secret": os.environ.get("ERPBRIDGE_OPENID_SECRET", ""),
                    "settings": {"server_url": OPENID_SERVER},
                }
            ],
        }
    }
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "directory.passwords.NotOfTheTrade"},
]
ANONYMOUS_USER_NAME = None  # guardian: no row for people who are not signed in
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "directory.accounts.Invited"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
# The words for who met a limit name these times: 429.html and directory/accounts.py.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    # By account and address together, by address and by account alone: see `directory.accounts`.
    # One address alone does not reach the limit of all: five in five minutes would be sixty in an
    # hour. A whole office is one address, so that limit only slows down whoever tries one password
    # at many accounts: each of these is protected by its own.
    "login_failed": "5/5m/key,20/h/key",
    "login_failed_here": "60/m/ip",
    "login_failed_anywhere": "50/h/key",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "20/m/ip",
}
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody here writes to addresses that strangers type in

# How long a password that was entered again is believed, for grants and credentials.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
MFA_ADAPTER = "directory.accounts.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Whoever has a password here opened the link that was sent to their address.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "ERP Bridge"
# Whoever is an operator says who may push to accounting, in every company.
OPERATORS_SECOND_FACTOR = SECURE
# Browsers allow passkeys without https on this very machine only, and so do we.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SECURE

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # forms and scripts find it in the page
if SECURE:  # nothing that is not this very host can set one
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
MESSAGE_STORAGE = "directory.http.Messages"
# With pages and programs together, in each web process; 0 for as many as they like.
REQUESTS_A_MINUTE = int(os.environ.get("ERPBRIDGE_REQUESTS_A_MINUTE", "1200"))
# Half a day after signing in, and after an hour without its person, a session is locked.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = 3600
SECURE_SSL_REDIRECT = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    # The try-out page of the API (Swagger) styles itself inline; it alone gets a policy of its own.
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # Signing in elsewhere begins with a form that is sent on to there.
        "form-action": ["'self'", *([OPENID_SERVER] if OPENID_SERVER else [])],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}

# --- Words and time ----------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# --- Files -------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_ADD_HEADERS_FUNCTION = proxy.as_a_page_of_its_own
STORAGES = {
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Answers of QuickBooks are long; the SOAP endpoint reads its body in pieces under its own limit.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
# Files go past that limit, to a temporary file where they are large. All of one form together:
LARGEST_UPLOAD = 60 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "attachments.uploads.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# What one company may keep, in bytes.
ATTACHMENTS_QUOTA = int(float(os.environ.get("ERPBRIDGE_ATTACHMENTS_GB", "5")) * 1024**3)
# A schedule of values may have 1,000 lines of ten cells.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000

# --- Work in the background --------------------------------------------------------------------

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or os.environ.get(
    "REDIS_URL", "redis://localhost:6379/0"
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {
        "data_folder_in": os.environ["CELERY_BROKER_FOLDER"],
        "data_folder_out": os.environ["CELERY_BROKER_FOLDER"],
        "control_folder": os.environ["CELERY_BROKER_FOLDER"] + "/control",
    }
    if CELERY_BROKER_URL.startswith("filesystem://")
    else {"socket_timeout": 2, "socket_connect_timeout": 2}
)
# When the daily summary is written, and when all that is stored is looked over, UTC.
SUMMARY_HOUR = int(os.environ.get("ERPBRIDGE_SUMMARY_HOUR", "5"))
VERIFY_HOUR = int(os.environ.get("ERPBRIDGE_VERIFY_HOUR", "3"))
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "celerybeat")
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "connectors.tasks.sweep", "schedule": 15.0},
    "unlink": {"task": "approvals.tasks.sweep", "schedule": 900.0},
    "mail": {"task": "directory.tasks.mail", "schedule": 60.0},
    # Again in the hours after, should the first have been missed; a day has one summary.
    "summary": {
        "task": "approvals.tasks.summaries",
        "schedule": crontab(hour=f"{SUMMARY_HOUR}-{min(SUMMARY_HOUR + 3, 23)}", minute=5),
    },
    "forget": {"task": "directory.tasks.forget", "schedule": crontab(hour=7, minute=30)},
    "forget-read": {"task": "connectors.tasks.forget", "schedule": crontab(hour=7, minute=45)},
    "verify": {"task": "erpbridge.tasks.verify", "schedule": crontab(hour=VERIFY_HOUR, minute=30)},
    "compare": {"task": "approvals.tasks.compare_all", "schedule": crontab(hour=8, minute=0)},
}

# --- The way to the ERP ------------------------------------------------------------------------

# How long an ERP may take to carry out something that it never answered. "Not found" is believed
# only when the question was asked after that.
ERP_QUARANTINE_SECONDS = int(os.environ.get("ERPBRIDGE_QUARANTINE_SECONDS", "600"))
# A Web Connector session that says nothing for so long is over.
ERP_SESSION_IDLE_SECONDS = int(os.environ.get("ERPBRIDGE_SESSION_IDLE_SECONDS", "1200"))
# ERPs that are called although their address is not public, or without https: whole origins, such
# as https://spectrum.acme.example:8482, with blanks between them; databases beside them, too, such
# as sql://data.acme.example:1433.
ALLOWED_ERP_ORIGINS = os.environ.get("ERPBRIDGE_ALLOWED_ERP_ORIGINS", "").split()

# --- API ---------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "erpbridge.api.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["directory.pace.Pace"],
    "DEFAULT_RENDERER_CLASSES": ["erpbridge.api.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["erpbridge.api.JsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "erpbridge.api.problem",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ERP Bridge",
    "VERSION": "1",
    "DESCRIPTION": (BASE_DIR / "erpbridge" / "api_guide.md").read_text("utf-8"),
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["erpbridge.api_schema.with_problems"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- Mail and logs -----------------------------------------------------------------------------

EMAIL_URL = os.environ.get("EMAIL_URL", "")
# "": nothing is sent, and invitations are handed over on the screen. "page": mails are shown to
# the operator instead of being sent, as in the demo. "smtp": they go out.
MAIL_DELIVERY = {"": "", "page": "page"}.get(EMAIL_URL.partition(":")[0], "smtp")
globals().update(servers.mail(EMAIL_URL) if MAIL_DELIVERY == "smtp" else {})
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = os.environ.get("ERPBRIDGE_MAIL_FROM", "ERP Bridge <erpbridge@localhost>")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": formatter(DEBUG)},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
