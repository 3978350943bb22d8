# Every fault that a task may have is named, and costs nothing but its own race: the same history takes the next one, and no
# process and no file is left.
. "${0%/*}/lib.sh"
faulty=$BUILD/targets/target_faulty
[ -x "$faulty" ] || exit 77
db=$dir/h.db
mkdir tmp work
export TMPDIR=$dir/tmp
mark=concur-fault-$$
ln -s "$faulty" "$dir/$mark"
cd work

race() { # CODE FAULT [OPTION...]
	local code=$1 fault=$2
	shift 2
	run "$code" env CONCUR_FAULT="$mark" "$CONCUR" race --db "$db" --count 6 --budget 0.3 --workers 2 "$@" -- "$dir/$mark" "$fault" {}
}

# What may be wrong after a fault; the next race is one of a program without.
survived() {
	left=$(grep -lzF "CONCUR_FAULT=$mark" /proc/[0-9]*/environ 2>/dev/null || true)
	[ -z "$left" ] || fail "a process was left behind: $left"
	[ -z "$(find "$TMPDIR" . -mindepth 1)" ] || fail "files were left behind: $(find "$TMPDIR" . -mindepth 1)"
	[ "$(sqlite3 "$db" 'pragma integrity_check')" = ok ] || fail integrity
	before=$(sqlite3 "$db" 'select count(*) from v_run')
	race 0 plain
	[ "$(sqlite3 "$db" 'select count(*) from v_run')" = $((before + 1)) ] || fail 'the next race was not stored'
}

race 0 plain

# What no model can run is refused, and says which task.
race 3 crashes
says err 'task 3 (3) failed: killed by SIGSEGV'
survived
race 3 hangs --timeout 0.5
says err 'task 3 (3) did not end within 0.5 s'
survived
race 3 tells-time
says err 'run again, printed something else than before'
survived
race 3 allocates
says err 'out of memory: task 3 (3) failed'
survived

# What goes wrong in a shared process alone takes out the models that share one.
race 0 crashes-beside-others --json
[ "$(json '[.race[] | select(.model == "threads" or .model == "async") | .outcome] | unique == ["not-measurable"]')" = true ] ||
	fail 'a crash beside others'
[ "$(json '[.race[] | select(.model == "threads") | .why | test("task 3 .*SIGSEGV in crashes_beside_others")] | all')" = true ] ||
	fail 'the place of a crash beside others'
[ "$(json '[.race[] | select(.model == "processes") | .outcome] | unique == ["ok"]')" = true ] || fail 'its processes'
survived

# What a worker has to bear changes no answer, and what a task leaves is said.
for fault in writes-globals changes-directory exits-in-argp leaks-descriptors leaves-daemon; do
	race 0 $fault
	case $fault in
	leaks-descriptors) says out 'a task leaves up to 20 descriptors open' ;;
	leaves-daemon) says out 'outlived their tasks in a trial, and were ended' ;;
	esac
	run 0 "$CONCUR" show last --db "$db" --json
	[ "$(json '[.race[] | select(.model | test("sequential|threads|processes")) | .outcome] | unique == ["ok"]')" = true ] ||
		fail "$fault"
	[ "$(json '[.race[] | .outcome] | unique - ["ok", "not-measurable"] == []')" = true ] || fail "$fault in a loop"
	survived
done
