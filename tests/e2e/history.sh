# The history's commands: a gate on two builds, trends, and what keeps the file in order.
. "${0%/*}/lib.sh"
db=$dir/h.db
for work in 100 150; do
	gcc -O1 -DWORK=$work -o "work$work" "$SOURCE/bench/compare/work.c"
done
cp work100 again
seq 3000000 3000001 >tasks
gate() { "$CONCUR" gate --db "$db" "$@"; }

run 2 gate
run 2 gate --pair --against last
run 2 gate --against last --fail-on nonsense
run 2 gate --pair --each tasks ./work100 -- {}
run 3 gate --pair --budget 2 --each tasks /bin/false /bin/false -- {}
says err failed
[ ! -e "$db" ] || [ "$(sqlite3 "$db" 'select count(*) from v_run')" = 0 ] || fail 'a gate that broke off was stored'

run 1 gate --pair --budget 8 --max-regression 12% --each tasks --junit gate.xml --json ./work100 ./work150 -- {}
[ "$(json '.checks[0] | .result == "failed" and .high < 0.9')" = true ] || fail 'half as much work again was not found'
grep -q '<failure message="sequential x 1: ' gate.xml || fail 'no failure in the JUnit file'
run 0 gate --pair --budget 3 --each tasks --max-regression 30% ./work100 ./again -- {}
says out 'Gate: passed'
# Stored runs without anything that says how noisy the machine was are no evidence of a regression.
run 1 gate --against last~3 last~2 --fail-on inconclusive
run 1 gate --against last~3 last~2 --fail-on new-findings
says out 'nothing that this gate'

run 0 "$CONCUR" history --db "$db" work150 --json
[ "$(json '.series[0] | .name == "sequential" and (.values | length) > 0')" = true ] || fail 'no series'
run 0 "$CONCUR" history --db "$db" work150
says out sequential
run 0 "$CONCUR" compare --db "$db" last~1 last --json --force

run 0 "$CONCUR" db --db "$db" export last run.json
cp "$db" other.db
run 0 "$CONCUR" db --db new.db import run.json
run 0 "$CONCUR" db --db new.db import run.json
run 0 "$CONCUR" db --db new.db merge other.db --json
[ "$(json .known)" = 1 ] || fail 'a run was stored twice'
run 0 "$CONCUR" db --db new.db merge other.db
says out '0 added'
run 0 "$CONCUR" db --db new.db check
run 0 "$CONCUR" db --db new.db backup copy.db
run 2 "$CONCUR" db --db new.db backup copy.db
run 0 "$CONCUR" db --db copy.db prune --samples-days 1
run 2 "$CONCUR" db --db copy.db prune
run 2 "$CONCUR" db
run 3 "$CONCUR" db --db new.db import tasks

# What hyperfine measured is a run like others: twice is once, and another measurement of the command is held against it.
hyperfine -N --warmup 1 --runs 20 --export-json first.json './work100 3000000' './work150 3000000' >hyperfine.out 2>&1
hyperfine -N --warmup 1 --runs 20 --export-json second.json './work100 3000000' >hyperfine.out 2>&1
touch -d '1 minute ago' first.json
run 0 "$CONCUR" db --db hyperfine.db import first.json second.json --json
[ "$(json .imported)" = 3 ] || fail 'not every result was imported'
says err 'taken as measured on this machine'
run 0 "$CONCUR" db --db hyperfine.db import first.json
run 0 "$CONCUR" runs --db hyperfine.db --json
[ "$(json '.runs | length')" = 3 ] || fail 'a measurement was stored twice'
twice=$(sqlite3 hyperfine.db "select id from v_run where program = 'work100' order by started_ns")
run 0 "$CONCUR" compare --db hyperfine.db $twice --json
[ "$(json '.comparable and .entries[0].n == 20 and .entries[0].model == "sequential"')" = true ] || fail 'not compared'
run 0 "$CONCUR" history --db hyperfine.db work100 --json
[ "$(json '.series[0].values | length')" = 2 ] || fail 'two measurements of a command are no series'
run 0 "$CONCUR" show --db hyperfine.db last
says out '20 runs timed elsewhere and imported'
sed 's/"exit_codes": \[/&1, /' first.json >failed.json
run 3 "$CONCUR" db --db hyperfine.db import failed.json
says err 'without --ignore-failure'
run 3 "$CONCUR" db --db new.db merge tasks
for left in *-wal *-shm *.partial; do
	[ ! -e "$left" ] || fail "$left was left behind"
done

# A full disk is one clear line, and nothing half stored.
mkdir full
if mount -t tmpfs -o size=256k tmpfs full 2>/dev/null; then
	trap 'umount "$dir/full"; rm -rf "$dir"' EXIT
	cp run.json full/run.json
	head -c 300k /dev/zero >full/fill 2>/dev/null || true
	run 4 "$CONCUR" db --db full/h.db import run.json
	says err 'no space left'
fi
