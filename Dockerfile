# One image for web, worker and beat; docker-compose.yml says which command each runs.
# PostgreSQL and Redis are services of their own here, so the wheels that embed them stay out.
FROM python:3.13-slim

RUN useradd --system --create-home --home-dir /var/lib/erpbridge erpbridge
WORKDIR /erpbridge
ENV PYTHONUNBUFFERED=1 ERPBRIDGE_STATE=/var/lib/erpbridge

# psycopg2-binary brings its own libpq and OpenSSL. Who wants the distribution's, with its security
# updates, installs gcc and libpq-dev here and psycopg2 in its place.
COPY requirements/image.lock requirements/
RUN pip install --no-cache-dir --require-hashes --only-binary :all: --no-deps \
    -r requirements/image.lock

COPY . .
RUN python manage.py collectstatic --no-input && chown -R erpbridge /var/lib/erpbridge
USER erpbridge
EXPOSE 8000
