# Whatever is wrong with the input: one clear line, what to type next, the exit code, and nothing half-stored.
. "${0%/*}/lib.sh"
db=$dir/h.db
seq 3 >tasks
advise() { run "$1" "$CONCUR" advise --db "$db" --no-analyze --each tasks "${@:2}"; }
nothing_stored() { [ ! -e "$db" ] || [ "$(sqlite3 "$db" 'select count(*) from v_run')" = 0 ] || fail "stored"; }

# Without a compile database there is nothing to analyse; advice has one witness less, and says so.
run 2 "$CONCUR" analyze --db "$db"
says err compile_commands.json
says err 'bear -- make'
run 2 "$CONCUR" advise --db "$db" --each tasks -p . -- /bin/echo {}
run 0 "$CONCUR" advise --db unread.db --each tasks --budget 1 --json -- /bin/echo {}
says err 'the source is not read (bear -- make'
[ "$(json '.analysis | (.analysed // false), .why_not' | tr '\n' ' ')" = "false no compile_commands.json in $dir or above " ] || fail 'not read'

advise 2 -- ./no-such-program {}
says err 'cannot run ./no-such-program'
advise 2 -- no-such-program-in-path {}
says err 'no program named'
advise 2 -- "$dir" {}
says err 'it is a directory'
advise 2 -- tasks {}
advise 2 -- ./tasks {}
says err 'chmod +x'
advise 2 -- /bin/echo
says err 'no {} in the arguments'

run 2 "$CONCUR" advise --db "$db" --no-analyze -- /bin/echo {}
says err '--each'
: >empty
run 2 "$CONCUR" advise --db "$db" --no-analyze --each empty -- /bin/echo {}
says err 'the list is empty'
run 2 "$CONCUR" advise --db "$db" --no-analyze --each missing -- /bin/echo {}
says err 'missing'
says err 'one task on each line'
run 2 "$CONCUR" doctor async
says err 'concur explain async'
nothing_stored

advise 3 -- /bin/false {}
says err 'exit code 1'
advise 3 -- /bin/true {}
says err 'prints nothing'
advise 3 --timeout 1 -- /bin/sleep 4711{}
says err '--timeout'
no_process_with 4711
cat >dies <<'S'
#!/bin/sh
kill -SEGV $$
S
cat >clock <<'S'
#!/bin/sh
date +%s%N
S
chmod +x dies clock
advise 3 -- ./dies {}
says err SIGSEGV
advise 3 -- ./clock {}
says err 'something else than before'
nothing_stored

advise 2 --timeout nonsense -- /bin/echo {}
advise 2 --workers 0 -- /bin/echo {}
run 2 "$CONCUR" nonsense
says err 'concur --help'
run 2 "$CONCUR"

# The history: unwritable, not a database, another's database, a newer concur's.
run 2 "$CONCUR" advise --db /proc/none/h.db --no-analyze --each tasks -- /bin/echo {}
says err '/proc/none'
run 2 "$CONCUR" advise --db "$dir" --no-analyze --each tasks -- /bin/echo {}
echo 'this is not a database, but long enough to be looked at as if it were one' >text.db
cp text.db text.copy
run 3 "$CONCUR" advise --db text.db --no-analyze --each tasks -- /bin/echo {}
cmp text.db text.copy || fail 'a file that is no history was changed'
sqlite3 other.db 'create table t(a)'
run 3 "$CONCUR" runs --db other.db
run 2 "$CONCUR" runs --db none.db
says err 'no history'
run 2 "$CONCUR" show --db "$db" last

# With --json errors are JSON too.
run 2 "$CONCUR" --json advise --db "$db" --no-analyze --each empty -- /bin/echo {}
[ "$(json .error.exit)" = 2 ] || fail 'error.exit'
