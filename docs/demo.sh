# What `make demo` runs: ingest notes/, then three questions that a note app cannot answer.
set -eu
say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n$ %s\n' "$*"; }

say kg ingest notes/
kg ingest --full notes/
cd notes
printf '\nWhich outcomes do we wish for, with nothing made that leads to them?'
say kg query outcomes-without-outputs
kg query -f table outcomes-without-outputs
printf '\nWhose work does our thinking rest on, and where?'
say kg query resources-by-author
kg query -f table resources-by-author
printf '\nWhich notes do we keep linking to, and never wrote?'
say kg query missing-notes
kg query -f table missing-notes
printf '\nAnd what is wrong, at which line?'
say kg validate
kg validate || true
printf '\nNow ask your own:  cd notes && ../.venv/bin/kg query   lists the questions that are there.\n'
