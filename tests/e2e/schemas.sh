# JSON is what docs/schema says, and SARIF and speedscope what their own schemas say. Those two are in packages that
# scripts/browser-test fetches; without them the rest is still checked.
. "${0%/*}/lib.sh"
python3 -c 'import jsonschema' 2>/dev/null || { echo 'skipped: no python3-jsonschema'; exit 77; }
modules=$SOURCE/build/browser/node_modules
export CONCUR_DB=$dir/h.db

valid() { # SCHEMA FILE
	python3 - "$1" "$2" <<-'EOF' || fail "$2 is not what ${1##*/} says"
	import json, sys
	import jsonschema
	schema, document = (json.load(open(name, encoding="utf-8")) for name in sys.argv[1:])
	found = list(jsonschema.validators.validator_for(schema)(schema).iter_errors(document))
	for e in found[:5]:
	    print(e.message[:300], "at", list(e.absolute_path), file=sys.stderr)
	sys.exit(bool(found))
	EOF
}
ours() { # COMMAND...: by the schema that its JSON names
	run 0 "$CONCUR" "$@" --json
	valid "$SOURCE/docs/schema/$(json '.schema | ltrimstr("concur.") | rtrimstr("/1")').schema.json" out
}
run 0 "$CONCUR" db import "$SOURCE/tests/golden/page.json"
jq '.id |= sub("^.{8}"; "ffffffff")' "$SOURCE/tests/golden/page.json" >other.json
run 0 "$CONCUR" db import other.json
for command in 'show last' 'report last' runs 'compare last~1 last' history doctor explain 'explain async' 'advise --dump-config' \
	'db check --dump-config' 'db check' 'db backup copy.db' 'db merge copy.db' "db import other.json" 'db prune --runs-days 36500' \
	'completion bash' 'completion scdoc advise'; do
	ours $command
done
# A schema that takes anything says nothing.
run 0 "$CONCUR" doctor --json
jq '.checks[0].state = "fine"' out >bad
! (valid "$SOURCE/docs/schema/doctor.schema.json" bad) 2>/dev/null || fail 'a wrong state was taken'

# From a source: the calls that lead to a wait are one flow of code, and what the source excuses is there, with the excuse.
cat >a.c <<'EOF'
#include <sys/socket.h>
static int level; // concur: ignore[shared-state] set before the threads start
static int ask(int fd) { char b[9]; return (int)recv(fd, b, 9, 0); }
static int twice(int fd)
{
	return ask(fd) + 1;
}
int main(void) { return twice(level++); }
EOF
for again in first unchanged; do
	run 0 "$CONCUR" analyze --format sarif a.c -- -O0
	cp out source.sarif
	[ "$(json '[.runs[0].results[] | select(.codeFlows) | select(.message.text | test("^twice")) | .codeFlows[0].threadFlows[0].locations[].location
		| "\(.physicalLocation.region.startLine) \(.message.text)"] | join(", ")')" = '6 calls ask, 3 calls recv' ] || fail "$again: the flow"
	[ "$(json '[.runs[0].results[] | select(.suppressions) | .suppressions[0].justification] == ["set before the threads start"]')" = true ] ||
		fail "$again: the suppression"
done

# The format of Chrome's traces has no schema of its own: this is what its description says of the events used here.
trace=$SOURCE/tests/e2e/trace-event.schema.json
run 0 "$CONCUR" report --format chrome-trace
valid "$trace" out
jq 'del(.traceEvents[] | select(.ph == "X") | .dur)' out >bad
! (valid "$trace" bad) 2>/dev/null || fail 'an event without an end was taken'

theirs() { # FORMAT SCHEMA
	for golden in page compute override; do
		run 0 "$CONCUR" --db "$golden.db" db import "$SOURCE/tests/golden/$golden.json"
		"$CONCUR" --db "$golden.db" report --format "$1" >"$golden.$1" 2>/dev/null || continue
		valid "$2" "$golden.$1"
		checked=$((checked + 1))
	done
}
checked=0
sarif=$modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json
speedscope=$modules/speedscope/dist/release/file-format-schema.json
if [ -e "$sarif" ] && [ -e "$speedscope" ]; then
	theirs sarif "$sarif"
	theirs speedscope "$speedscope"
	valid "$sarif" "$SOURCE/tests/golden/page.sarif"
	valid "$sarif" source.sarif
	[ "$checked" -ge 4 ] || fail "only $checked were checked"
	jq '.runs[0].results[0].level = "loud"' page.sarif >bad
	! (valid "$sarif" bad) 2>/dev/null || fail 'a wrong level was taken'
else
	echo 'SARIF and speedscope: not checked here, scripts/browser-test fetches their schemas'
fi
