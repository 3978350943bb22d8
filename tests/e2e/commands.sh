# Every command on a small real job: grep over generated files.
. "${0%/*}/lib.sh"
db=$dir/h.db
for i in $(seq 12); do seq $((i * 20000)) >"f$i"; done
ls f* >tasks

run 0 "$CONCUR" --version
says out concur
says out SQLite
run 0 "$CONCUR" --help
for command in advise analyze profile race runs show compare explain doctor; do
	says out "$command"
done
run 0 "$CONCUR" advise --help
says out '{}'

run 0 "$CONCUR" advise --db "$db" --no-analyze --budget 6 --workers 2 --each tasks --json -- grep -c 7 {}
first=$(json .id)
[ "$(json '.race | map(.model) | unique | length >= 3')" = true ] || fail 'not every model was raced'
[ "$(json '.profile | .wall_ns == .cpu_ns + .runqueue_ns + .unknown_ns + ([.waits[]] | add)')" = true ] ||
	fail 'the profile does not add up'
[ "$(json '[.race[] | select(.outcome == "ok") | .n >= 1 and .low <= .speedup and .speedup <= .high] | all')" = true ] ||
	fail 'a figure without n or interval'
[ "$(json '.verdict.rules | length >= 1')" = true ] || fail 'a verdict without a rule'
cp out first.json

run 0 "$CONCUR" show --db "$db" last --json
cmp out first.json || fail 'the stored run is not the one that was printed'
run 0 "$CONCUR" show --db "$db" last --cores 8,64 --json
[ "$(json '[.verdict.scaling[] | select(.why_not | not) | .projections | map(.cores) == [8, 64]] | all')" = true ] ||
	fail 'not projected to the cores that were asked for'
[ "$(json '[.verdict.scaling[].projections[].speedup | .low <= .high and .n > 0] | all')" = true ] || fail 'a projection without a range'
run 2 "$CONCUR" show --db "$db" last --cores many
run 0 "$CONCUR" show --db "$db" "${first:0:13}"
says out Verdict
run 0 "$CONCUR" advise --db "$db" --no-analyze --budget 6 --workers 2 --each tasks -- grep -c 7 {}
says out Verdict
run 0 "$CONCUR" runs --db "$db" --json
[ "$(json '.runs | length')" = 2 ] || fail 'two runs were stored'
run 0 "$CONCUR" runs --db "$db" -n 1
run 0 "$CONCUR" compare --db "$db" last~1 last
run 0 "$CONCUR" compare --db "$db" last~1 last --json
[ "$(json .comparable)" = true ] || fail 'two runs of the same job are comparable'
[ "$(sqlite3 "$db" 'select count(*) from v_run')" = 2 ] || fail v_run

# Files in, files out, from a workload file; nothing is left.
cat >job.yaml <<'Y'
command: [gzip, -k, "{out}/copy"]   # replaced on the command line
each: tasks
stdin: "{}"
outputs: "{out}/*"
workers: [2]
budget: 1
Y
run 0 "$CONCUR" race --db "$db" --workload job.yaml --json -- tee {out}/copy
[ "$(json '.workload | .stdin == "{}" and .outputs == ["{out}/*"] and .argv == ["tee", "{out}/copy"]')" = true ] ||
	fail 'the workload was not stored'
[ "$(json '[.race[] | select(.model == "threads" or .model == "processes") | .outcome] | unique == ["ok"]')" = true ] ||
	fail 'files in and out'
run 3 "$CONCUR" race --db "$db" --workload job.yaml -- false
says err 'exit code 1'
run 2 "$CONCUR" race --db "$db" --workload job.yaml --outputs '{}' -- cat
says err 'is there already'
run 2 "$CONCUR" race --db "$db" --workload none.yaml
says err none.yaml
run 3 "$CONCUR" race --db "$db" --count 4 --budget 1 --workers 2 -- date +%N
run 0 "$CONCUR" race --db "$db" --count 4 --budget 1 --workers 2 --compare exit-code -- date +%N

# One image for all threads, forked workers, a function as the unit, another user.
faulty=$BUILD/targets/target_faulty
if [ -x "$faulty" ]; then
	race() { run 0 "$CONCUR" race --db "$db" --count 6 --budget 1 --workers 2 --json "$@"; }
	outcome() { json "[.race[] | select(.model == \"$1\")][0].outcome"; }
	race -- "$faulty" writes-globals {}
	[ "$(outcome threads)" = ok ] || fail 'private copies keep globals apart'
	race --shared -- "$faulty" writes-globals {}
	[ "$(outcome threads)" != ok ] || fail 'a shared global was not caught'
	race --processes prefork --unit unit_add -- "$faulty" {} 5
	[ "$(outcome processes)" = ok ] || fail 'a function in forked workers'
	[ "$(json '.workload.unit')" = unit_add ] || fail 'the unit was not stored'
	if [ "$(id -u)" = 0 ] && [ "$(stat -c %a "$dir")" = 700 ]; then
		chmod 755 "$dir"
		race --run-as nobody --outputs '{out}/*' -- /bin/sh -c 'test $(id -u) -gt 0 && echo {} | tee {out}/x'
		[ "$(outcome processes)" = ok ] || fail 'as nobody'
	fi
	run 2 "$CONCUR" race --db "$db" --count 6 --run-as no-such-user -- "$faulty" plain {}
fi

run 7 "$CONCUR" profile -- sh -c 'echo through; exit 7'
[ "$(cat out)" = through ] || fail "the program's own output"
run 0 "$CONCUR" profile --tier T2 --overhead 3% --json -- true
[ "$(json '.profile.tier >= "T2"')" = true ] || fail 'a better tier than was asked for'
sleep 60 &
sleeper=$!
run 0 "$CONCUR" profile -p $sleeper --duration 0.3 --json
[ "$(json '.profile | .waits.sleep > 0.9 * .wall_ns')" = true ] || fail 'a sleeping process was not seen to sleep'
[ "$(json '.target.program | test("/[a-z]*$")')" = true ] || fail 'the program of the process'
kill -0 $sleeper || fail 'the watched process did not go on'
kill $sleeper
run 3 "$CONCUR" profile -p 4194305
says err 'no process 4194305'
run 2 "$CONCUR" profile -p 1 true
run 2 "$CONCUR" profile --duration 1 -- true
run 0 "$CONCUR" explain
says out 'heavy computation'
run 0 "$CONCUR" explain async
run 2 "$CONCUR" explain nonsense
run 0 "$CONCUR" doctor
says out profiler
run 0 "$CONCUR" doctor --json
json '.checks[0].name' >/dev/null
