#!/usr/bin/env bash
# The unit of work inside a program: found or named, recorded call by call, simulated.
. "$(dirname -- "$0")/lib.sh"

units=$BUILD/workloads/units
export CONCUR_DB=$dir/history.db

run 0 "$CONCUR" doctor --json
jq -e '.checks[] | select(.name == "profiler") | .says | startswith("T0")' out >/dev/null || { echo "skipped: calls are recorded in tier T0 only"; exit 77; }

# Named: every call is counted, the recursive ones and those that longjmp left apart.
run 0 "$CONCUR" profile --unit unit_of_work --json -- "$units" 40
[ "$(json '.recording | [.calls, .nested, .abandoned, .unfinished, .at_once, .threads] | @csv')" = 40,4,4,0,1,1 ] ||
	fail "the calls are not counted right"
# What is in the calls and what is outside of them is all there is.
json '.recording as $r | .profile.wall_ns - $r.inside.wall_ns - $r.outside.wall_ns | fabs < 1e6' >/dev/null
json '.recording.inside | .wall_ns == .user_ns + .system_ns + .runqueue_ns + .unknown_ns + ([.waits[]] | add)' >/dev/null
json '.recording.inside.waits.sleep > .recording.outside.waits.sleep' >/dev/null
# So is each call of the timeline, to the nanosecond, run-queue included.
json '.recording.timeline | length == 40 and all(.end_ns - .start_ns == ([.segments[].ns] | add))' >/dev/null
json '.recording.timeline as $t | [range(1; 40) | select($t[.].start_ns < $t[. - 1].end_ns)] | length == 0' >/dev/null
json '.recording | .probe_ns > 0 and .p5_ns <= .p50_ns and .p50_ns <= .p95_ns' >/dev/null

# Calls by several threads, whose return is another function's (a tail call); the last one is left by exit().
run 0 "$CONCUR" profile --unit unit_of_work --json -- "$BUILD/workloads/ends"
[ "$(json '.recording | [.calls, .nested, .abandoned, .unfinished, .threads] | @csv')" = 30,0,0,1,4 ] ||
	fail "calls that end in other ways are not counted right"
json '.recording | .at_once >= 2 and .at_once <= 3' >/dev/null
json '.recording | .inside.waits.sleep >= 60e6 and .outside.waits.sleep == 0' >/dev/null

# Locks that nobody waits for are seen, by identity; not one that is held from the beginning to the end.
run 0 "$CONCUR" profile --unit unit_of_work --json -- "$BUILD/workloads/held" 40
[ "$(json '[.recording.locks[] | [.file, .holds]] | sort | @json')" = '[[false,20],[true,1],[true,20]]' ] ||
	fail "the locks are not those of the program"
json '.recording | (.inside.user_ns + .inside.system_ns) as $cpu | [.locks[] | select(.holds == 20) | .held_ns / $cpu] | all(. > 0.3 and . < 0.5)' >/dev/null
run 0 "$CONCUR" advise --no-analyze --unit unit_of_work --json -- "$BUILD/workloads/held" 40
json '[.race[] | select(.model == "threads") | .speedup] | max < 2' >/dev/null

# Found, without symbols.
strip -o bare "$units"
run 0 "$CONCUR" profile --unit auto --json -- ./bare 40
[ "$(json .recording.calls)" = 40 ] || fail "the unit of a stripped program is not found"
unit=$(json .recording.unit)
case $unit in bare+0x*) ;; *) fail "a function without a name is called $unit" ;; esac
run 0 "$CONCUR" profile --unit "$unit" -- ./bare 40
says err "$unit, called 40 times by 1 thread"

# A process that runs already goes on as if nothing had been; the call it was in is not counted.
"$units" 4000 >attached.out &
pid=$!
run 0 "$CONCUR" profile -p "$pid" --unit unit_of_work --duration 1 --json
json '.recording | .made and .calls > 10 and .calls < 4000 and .at_once == 1 and .runs == 1' >/dev/null
json '.recording.inside.waits.sleep > 0 and .target.program != null' >/dev/null
kill -0 "$pid" || fail "watching ended the program"
run 2 "$CONCUR" profile -p "$pid" --unit no_such_function --duration 1
says err "no function of that name"
kill "$pid"
wait "$pid" || true

# What cannot be recorded is refused, with what to do.
run 2 "$CONCUR" profile --unit no_such_function -- "$units"
says err "no function of that name"
run 2 "$CONCUR" profile --unit _start -- "$units"
says err "not known to be a function that returns"
run 3 "$CONCUR" profile --unit auto -- sleep 0.2
says err "no unit of work found"
run 3 "$CONCUR" profile --unit unit_of_work -- "$units" 0
says err "unit_of_work is never called"
cat >fails.c <<'C'
int main(void) { return 5; }
C
cc -o fails fails.c
run 3 "$CONCUR" profile --unit auto -- ./fails
says err "./fails failed: exit code 5"

# A program without a unit has a verdict, too: that nothing can be told.
run 0 "$CONCUR" advise --no-analyze --json -- sleep 0.2
[ "$(json .verdict.kind)" = cannot-tell ] || fail "a verdict on one sleep"
json '.race_conditions.why | contains("no unit of work was found")' >/dev/null

# Without tasks, but for the {} that asks for them, advise records and simulates, and says so; it is stored like any run.
run 2 "$CONCUR" advise --no-analyze -- "$units" {}
says err "no tasks: --each is missing"
run 0 "$CONCUR" advise --no-analyze -- "$units" 40
says out "simulated from 40 recorded calls"
says out "nothing was raced"
run 0 "$CONCUR" show last --json
json '.race_conditions.simulated' >/dev/null
# A race says what the simulation would have, of every entry; what it was off by at the fastest goes with later simulations.
json '.race_conditions.simulator_error == null' >/dev/null
printf '%s\n' 11 12 13 14 15 16 17 18 >tasks
run 0 "$CONCUR" race --json --workers 2 --budget 4 --each tasks -- "$units" {}
json '[.race[] | select(.outcome == "ok" and .model != "sequential")] | length > 0 and all(.simulated.n == 8 and .simulated.value > 1 and .simulated.value < 2.01)' >/dev/null
compared=$(json '[.race[] | select(.simulated != null and .speedup != null and .n >= 5)] | if length > 0 then 1 else 0 end')
run 0 "$CONCUR" advise --no-analyze --json -- "$units" 40
[ "$(json '.race_conditions.simulator_error.n // 0')" = "$compared" ] || fail "not one residual of a race with enough rounds"
# One loop cannot do more than one core; no model does more than its workers.
json '[.race[] | select(.speedup > .workers * 1.001)] | length == 0' >/dev/null
json '([.race[] | select(.model == "async") | .speedup] | max) <= ([.race[] | select(.model == "threads") | .speedup] | max)' >/dev/null
json '[.race[] | .n] | unique == [40]' >/dev/null
no_process_with "$units"
