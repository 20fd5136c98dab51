#!/bin/sh
# Asks whether anything in requirements/*.lock is known to be vulnerable. Exit status 0: nothing is
# known; 1: something is, or a package could not be asked about; 2: nobody could be asked.
#
# tools/audit.sh [pypi|osv]. pip-audit comes into a folder that is thrown away; AUDIT_TOOL names one
# that is there. Run it once a week and before each release, and write into docs/security.md when.
set -eu
cd "$(dirname "$0")/.."
service=${1:-pypi}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

tool=${AUDIT_TOOL:-}
if [ -z "$tool" ]; then
    python3 -m venv "$scratch/venv"
    "$scratch/venv/bin/pip" install --quiet pip-audit==2.10.1
    tool=$scratch/venv/bin/pip-audit
fi
audit() {
    "$tool" --vulnerability-service "$service" --cache-dir "$scratch/cache" --disable-pip \
        --progress-spinner off "$@"
}

# Where no advisories can be had, everything looks fine: a package that is not found is only
# skipped. So somebody who knows anything has to know of this one first.
echo "django==4.2.0" >"$scratch/old.txt"
audit --no-deps --requirement "$scratch/old.txt" >"$scratch/old.out" 2>&1 || true
if ! grep -Eq 'PYSEC-|GHSA-|CVE-' "$scratch/old.out"; then
    cat "$scratch/old.out" >&2
    echo "NOT AUDITED: '$service' tells nothing of Django 4.2.0, which has many advisories." >&2
    echo "Run this where the service can be reached, or name the other one (pypi, osv)." >&2
    exit 2
fi

status=0
for lock in requirements/*.lock; do
    echo "$lock"
    audit --strict --require-hashes --requirement "$lock" || status=1
done
[ "$status" = 0 ] && echo "$(date -u +%F): nothing is known of any package." ||
    echo "$(date -u +%F): SOMETHING IS KNOWN, or a package could not be asked about; see above." >&2
exit "$status"
