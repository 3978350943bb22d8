# Ctrl-C in the middle: exit 130 soon, no process left, the history as it was.
. "${0%/*}/lib.sh"
cat >slow <<'S'
#!/bin/sh
sleep 0.05
echo "$1"
S
chmod +x slow
mark=concur-interrupt-$$
db=$dir/h.db
seq -f "$mark-%g" 4 >tasks
run 0 "$CONCUR" race --db "$db" --budget 3 --workers 2 --each tasks -- ./slow {}
before=$(sqlite3 "$db" 'select count(*) from v_run')
for delay in 0.2 0.9 2.1; do
	"$CONCUR" race --db "$db" --budget 60 --workers 2,4 --each tasks -- ./slow {} >out 2>err &
	pid=$!
	sleep "$delay"
	kill -INT "$pid"
	code=0
	wait "$pid" || code=$?
	[ "$code" -eq 130 ] || fail "exit code $code, not 130, after $delay s"
	no_process_with "$mark"
	[ "$(sqlite3 "$db" 'select count(*) from v_run')" = "$before" ] || fail 'a run was stored'
	[ "$(sqlite3 "$db" 'pragma integrity_check')" = ok ] || fail 'integrity'
done
# And killed outright: what it started goes with it.
"$CONCUR" race --db "$db" --budget 60 --workers 2,4 --each tasks -- ./slow {} >out 2>err &
pid=$!
sleep 1
kill -KILL "$pid"
wait "$pid" || true
sleep 0.5
no_process_with "$mark"
run 0 "$CONCUR" runs --db "$db"
# The first Ctrl-C during a profile is the program's: it ends as it likes, and what was seen is shown.
"$CONCUR" profile -- sh -c 'trap "echo bye; exit 5" INT; while :; do sleep 0.1; done' >out 2>err &
pid=$!
sleep 1
kill -INT "$pid"
code=0
wait "$pid" || code=$?
[ "$code" -eq 5 ] || fail "exit code $code, not the program's"
grep -q bye out || fail 'the program did not get the signal'
grep -q 'WHERE THE TIME WENT' err || fail 'no profile of what was seen'
# The second one is ours.
"$CONCUR" profile -- sh -c "trap : INT; while :; do sleep 0.1; done # $mark" >out 2>err &
pid=$!
sleep 1
kill -INT "$pid"
sleep 0.5
kill -INT "$pid"
code=0
wait "$pid" || code=$?
[ "$code" -eq 130 ] || fail "exit code $code, not 130, after two interrupts"
no_process_with "$mark"
