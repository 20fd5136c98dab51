#!/bin/sh
# Brings Bootstrap into static/vendor/ from the npm registry: two files, its licence, and vendor.json
# with what was taken. Run it with another version to move to that one; needs npm, tar, sha256sum.
#
# The last line of each file, which names a source map, is dropped: Django's hashed static files
# insist that a named file exists, and the maps are five times larger than what they explain.
set -eu
version=${1:-5.3.9}
cd "$(dirname "$0")/.."
target=static/vendor/bootstrap-$version
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

integrity=$(npm view "bootstrap@$version" dist.integrity 2>/dev/null)
(cd "$scratch" && npm pack --silent "bootstrap@$version" >/dev/null 2>&1 && tar xzf "bootstrap-$version.tgz")
got=sha512-$(openssl dgst -sha512 -binary "$scratch/bootstrap-$version.tgz" | openssl base64 -A)
if [ "$got" != "$integrity" ]; then
    echo "The package is not what the registry says it is: $got" >&2
    exit 1
fi

mkdir -p "$target"
for file in css/bootstrap.min.css js/bootstrap.bundle.min.js; do
    sed '/sourceMappingURL=/d' "$scratch/package/dist/$file" >"$target/$(basename "$file")"
done
cp "$scratch/package/LICENSE" "$target/LICENSE"
sha() { sha256sum "$target/$1" | cut -d' ' -f1; }
cat >"$target/vendor.json" <<END
{
  "name": "bootstrap",
  "version": "$version",
  "license": "MIT",
  "source": "https://registry.npmjs.org/bootstrap/-/bootstrap-$version.tgz",
  "integrity": "$integrity",
  "sha256": {
    "bootstrap.min.css": "$(sha bootstrap.min.css)",
    "bootstrap.bundle.min.js": "$(sha bootstrap.bundle.min.js)",
    "LICENSE": "$(sha LICENSE)"
  }
}
END
echo "$target"
