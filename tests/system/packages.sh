# What the tests marked `system` need of Debian's packages; `make test-all` runs this. Without root or apt they skip.
set -eu
packages="default-jdk-headless libowlapi-java virtuoso-opensource-7-bin chromium"
# Another node than Debian's may be there already.
command -v npm >/dev/null 2>&1 || packages="$packages nodejs npm"
missing=""
for package in $packages; do
  dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
done
browser() {
  command -v npm >/dev/null 2>&1 || { echo "no npm here: tests of the page are skipped" >&2; return 0; }
  (cd "$(dirname "$0")/browser" && npm ci --silent) || echo "npm ci failed: tests of the page are skipped" >&2
}
[ -n "$missing" ] || { browser; exit 0; }
command -v apt-get >/dev/null 2>&1 || { echo "no apt-get here: tests that need$missing are skipped" >&2; exit 0; }
as_root=""
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 && as_root="sudo" || { echo "not root: tests that need$missing are skipped" >&2; exit 0; }
fi
echo "installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get update -qq
# shellcheck disable=SC2086 # a list of names
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
browser
