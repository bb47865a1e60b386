# What the tests marked `system` need of Debian's packages and of npm's; `make test-all` runs this. Without root or apt
# they skip.
set -eu

debian() {
  packages="default-jdk-headless libowlapi-java virtuoso-opensource-7-bin graphviz libxml2-utils libjgrapht-java chromium"
  packages="$packages raptor2-utils serdi"
  command -v npm >/dev/null 2>&1 || packages="$packages nodejs npm"
  missing=""
  for package in $packages; do
    dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  command -v apt-get >/dev/null 2>&1 || { echo "no apt-get here: tests that need$missing are skipped" >&2; return 0; }
  as_root=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 && as_root="sudo" || { echo "not root: tests that need$missing are skipped" >&2; return 0; }
  fi
  echo "installing$missing" >&2
  export DEBIAN_FRONTEND=noninteractive
  $as_root apt-get update -qq
  # shellcheck disable=SC2086 # a list of names
  $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

npm_packages() {
  folder="$(dirname "$0")/$1"
  [ "$folder/node_modules/.package-lock.json" -nt "$folder/package.json" ] && return 0
  command -v npm >/dev/null 2>&1 || { echo "no npm here: tests that need Node.js are skipped" >&2; return 0; }
  echo "installing what tests/system/$1/package.json names" >&2
  # Not by --prefix, which would also change where npm looks for its settings. Without them the tests skip.
  (cd "$folder" && npm install --no-audit --no-fund --no-package-lock --loglevel=error --fetch-retries=1 >/dev/null) ||
    { echo "npm install failed: tests that need these readers are skipped" >&2; rm -rf "$folder/node_modules"; }
}

browser() {
  command -v npm >/dev/null 2>&1 || { echo "no npm here: tests of the page are skipped" >&2; return 0; }
  (cd "$(dirname "$0")/browser" && npm ci --silent) || echo "npm ci failed: tests of the page are skipped" >&2
}

debian
npm_packages npm
npm_packages comunica
npm_packages inspector
browser
