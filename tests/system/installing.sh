# The wheel and the sdist in new environments of each Python: install, `kg init`, `ingest`, `query`, `validate`, `export`,
# lean and with everything.  sh tests/system/installing.sh python3.11 python3.12 …
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

step() { # what it says is shown only if it fails
  "$@" >"$folder/log" 2>&1 || { echo "failed: $*" >&2; cat "$folder/log" >&2; exit 1; }
}

environment() { # PYTHON NAME REQUIREMENT...
  python=$1 name=$2
  shift 2
  step "$python" -m venv "$folder/$name"
  step "$folder/$name/bin/python" -m pip install --disable-pip-version-check "$@"
}

use() { # NAME FORMAT...
  kg=$folder/$1/bin/kg place=$folder/$1-vault
  shift
  mkdir "$place"
  cd "$place"
  printf '# Outcomes\n- Fewer calls, see [[Bill]]\n' >Calls.md
  printf 'type: Output\n' | sed '1i ---' | sed '$a ---' >Bill.md
  step "$kg" init
  step "$kg" ingest
  step "$kg" query things Outcome
  grep -q 'Fewer calls' "$folder/log" || { echo "the query of a library has no answer" >&2; cat "$folder/log" >&2; exit 1; }
  step "$kg" validate
  for format; do
    step "$kg" export -f "$format" -o "graph.$format"
    [ -s "graph.$format" ] || { echo "the export $format is empty" >&2; exit 1; }
  done
}

first=$1
environment "$first" build build
step "$folder/build/bin/python" -m build --outdir "$folder/dist" "$root"
wheel=$(echo "$folder"/dist/*.whl) sdist=$(echo "$folder"/dist/*.tar.gz)
for interpreter; do
  version=$("$interpreter" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
  environment "$interpreter" "lean-$version" "$wheel"
  use "lean-$version" turtle nquads jsonld
  lean=$(du -sm "$folder/lean-$version" | cut -f1)
  environment "$interpreter" "all-$version" "$sdist[all]"
  use "all-$version" turtle graphml html svg png parquet
  all=$(du -sm "$folder/all-$version" | cut -f1)
  echo "Python $version: the wheel alone ($lean MB) and the sdist with [all] ($all MB) work"
  rm -rf "$folder/lean-$version" "$folder/all-$version"
done
