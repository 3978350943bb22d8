# One stored run in every format, by the command; findings of a source as SARIF.
. "${0%/*}/lib.sh"
export CONCUR_DB=$dir/h.db
run 0 "$CONCUR" db import "$SOURCE/tests/golden/page.json"
for format in term html md json sarif speedscope folded hyperfine chrome-trace; do
	run 0 "$CONCUR" report --format "$format" -o "$format"
	run 0 "$CONCUR" report --format "$format"
	cmp "$format" out || fail "$format: a file and standard output differ"
	run 0 "$CONCUR" report last --format "$format" -o -
	cmp "$format" out || fail "$format: -o - is not standard output"
done
run 0 "$CONCUR" report --json
cmp json out || fail '--json is --format json'
run 2 "$CONCUR" report --format pdf
says err 'hyperfine'
run 3 "$CONCUR" report --format md -o no/such/dir
says err "mkdir"
nothing=02890000-0000-7000-8000-000000000001 # a run that measured nothing
jq ".id = \"$nothing\"" "$SOURCE/tests/golden/nothing.json" >nothing.json
run 0 "$CONCUR" db import nothing.json
for format in sarif folded speedscope hyperfine chrome-trace; do
	run 2 "$CONCUR" report --format $format "$nothing" -o none
	says err 'concur'
	[ ! -e none ] || fail 'an empty file was written'
done

verdict=$(sed -n 's/^Verdict: //p' term)
[ "$(jq -r '.runs[0].properties.verdict' sarif)" = "$verdict" ] || fail 'SARIF: another verdict'
[ "$(jq -r .otherData.verdict chrome-trace)" = "$verdict" ] || fail 'Chrome trace: another verdict'
[ "$(jq '[.traceEvents[] | select(.cat == "task")] | length' chrome-trace)" = "$(jq '[.race[].timeline | length] | add' json)" ] ||
	fail 'Chrome trace: another number of tasks'
[ "$(jq -r .concur.verdict hyperfine)" = "$verdict" ] || fail 'hyperfine: another verdict'
[ "$(jq -r .name speedscope)" = "/src/fetch: $verdict" ] || fail 'speedscope: another verdict'
[ "$(awk '{ sum += $NF } END { printf "%.0f", sum }' folded)" = "$(jq .profile.wall_ns json)" ] || fail 'folded: does not add up'
[ "$(jq '.runs[0].results | length' sarif)" = "$(jq '.facts | length' json)" ] || fail 'SARIF: another number of findings'

# From the source: relative paths, rules that the results point to, and what a baseline knows.
printf 'static int n;\nint next(void) { return ++n; }\nint main(void) { return next(); }\n' >a.c
run 0 "$CONCUR" analyze --format sarif a.c -- -O0
[ "$(json '.runs[0] | .tool.driver.rules as $r | [.results[] | $r[.ruleIndex].id == .ruleId
	and (.locations[0].physicalLocation.artifactLocation | .uri == "a.c" and .uriBaseId == "SRCROOT")
	and (has("baselineState") | not)] | all and length > 0')" = true ] || fail SARIF
run 0 "$CONCUR" analyze --update-baseline a.c -- -O0
printf '\nstatic int m;\nint other(void) { return ++m; }\n' >>a.c
sed -i '1i\
' a.c
run 0 "$CONCUR" analyze --format sarif a.c -- -O0
[ "$(json '[.runs[0].results[] | select(.level == "warning") | .baselineState] | sort == ["new", "unchanged"]')" = true ] ||
	fail 'the baseline'
