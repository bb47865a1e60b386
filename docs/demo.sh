# What `make demo` runs, in three screens: ingest notes/, then questions that a note app cannot answer.
set -eu
columns=$(tput cols 2>/dev/null || echo 100)
COLUMNS=$((columns > 100 ? 100 : columns)) && export COLUMNS
say() { printf '\n\033[1m%s\n$ %s\033[0m\n' "$1" "$2"; }
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n%s\n$ %s\n' "$1" "$2"; }

say 'Read the notes.' 'kg ingest notes'
kg ingest --full notes 2>&1 | fold -s -w "$COLUMNS"
cd notes
say 'Which outcomes have no output that leads to them?' 'kg query outcomes-without-outputs'
kg query -f table outcomes-without-outputs
say 'Which notes do we link to that do not exist?' 'kg query missing-notes'
kg query -f table missing-notes
say 'Why is “leadership” above “Psychological safety”? No note says so.' \
    'kg why "Psychological safety" skos:broaderTransitive leadership'
kg why 'Psychological safety' skos:broaderTransitive leadership
say 'Which links are broken, and at which line?' 'kg validate -q --only links --severity error'
kg validate -q --only links --severity error || true
printf '\nNow your own notes:  .venv/bin/kg ingest FOLDER\n'
