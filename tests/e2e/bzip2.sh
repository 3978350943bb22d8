# A program nobody here wrote: Debian's bzip2, from its source package to a verdict.
. "${0%/*}/lib.sh"
"$SOURCE/scripts/fetch-source" bzip2 "$dir/src" >fetch.log 2>&1 || {
	cat fetch.log
	exit 77 # no source package to be had here
}
cd src/bzip2-*
bear -- make -s bzip2 >"$dir/out" 2>"$dir/err" || fail 'bzip2 does not build'
mkdir in
for i in $(seq 40); do
	awk -v seed="$i" 'BEGIN { srand(seed); for (i = 0; i < 16000; i++) print i, int(rand() * 1e6) }' >in/$i.txt
done
ls in/*.txt >files.txt
db=$dir/h.db
run 0 "$CONCUR" advise --db "$db" -p . --each files.txt --budget 40 --json -- ./bzip2 -kc {}

[ "$(json '[.facts[] | select(.check == "shared-state" and .file == "bzip2.c")] | length >= 10')" = true ] ||
	fail 'the globals of bzip2.c'
[ "$(json '[.facts[] | select(.check == "shared-state" and .symbol == "verbosity") | .sites[] | select(.access == "write" and .file == "bzip2.c")] | length >= 2')" = true ] ||
	fail 'verbosity is written in bzip2.c'
[ "$(json '.verdict.row')" = compute ] || fail 'heavy computation'
[ "$(json '.verdict.hurdles | length >= 1 and all(.file != null and .line >= 1)')" = true ] ||
	fail 'hurdles with file:line'
for model in processes threads; do
	[ "$(json "[.race[] | select(.model == \"$model\")] | all(.outcome == \"ok\")")" = true ] ||
		fail "$model: $(json "[.race[] | select(.model == \"$model\") | .why]")"
done
# On two idle cores: processes, near 2. A machine that is busy with something else must be said to be busy.
case $(json '.verdict.kind') in
recommend)
	[ "$(json .verdict.model)" = processes ] || fail "$(json .verdict.model), not processes"
	[ "$(json '.verdict | .low > 1.1 and .low <= .speedup and .speedup <= .high and .n >= 3')" = true ] ||
		fail 'the figure'
	;;
cannot-tell)
	[ "$(json '.race_conditions | .dirty_rounds > 0 or .ceiling < 1.7')" = true ] ||
		fail 'cannot tell, on a machine that was free'
	echo 'note: the machine was busy'
	;;
*) fail "$(json .verdict.kind)" ;;
esac
run 0 "$CONCUR" show --db "$db" last
says out 'bzip2.c:'
