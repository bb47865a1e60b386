# What `make demo` runs: ingest notes/, then three questions that a note app cannot answer.
set -eu
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n$ %s\n' "$*"; }

say kg ingest notes/
kg ingest --full notes/
cd notes
printf '\nWhich outcomes have no output that leads to them?'
say kg query outcomes-without-outputs
kg query -f table outcomes-without-outputs
printf '\nWhich authors do we build on, and where?'
say kg query resources-by-author
kg query -f table resources-by-author
printf '\nWhich notes do we link to that do not exist?'
say kg query missing-notes
kg query -f table missing-notes
printf '\nWhat is wrong, and at which line?'
say kg validate
kg validate || true
printf '\nNext: `cd notes && ../.venv/bin/kg query` lists all queries.\n'
