# An analysis in shards is what one process finds, under GNU parallel and as a Slurm array; what is no whole is refused.
. "${0%/*}/lib.sh"
export XDG_CACHE_HOME=$dir/cache CONCUR
# A program whose findings take several files together: who blocks, through whom.
mkdir src
for i in 1 2 3 4 5 6 7; do
	cat >src/f$i.c <<EOC
#include <string.h>
#include <sys/socket.h>
int f$((i % 7 + 1))(int fd);
int count$i;
extern int count$((i % 7 + 1));
int f$i(int fd)
{
	static int calls;
	char c;

	calls++;
	count$((i % 7 + 1))++;
	return fd ? f$((i % 7 + 1))(fd - 1) : (int)recv(fd, &c, 1, 0);
}
EOC
	printf '%s{"directory": "%s/src", "file": "f%d.c", "command": "cc -c f%d.c"}' "$([ $i = 1 ] && echo '[' || echo ',')" "$dir" $i $i
done >compile_commands.json
echo ']' >>compile_commands.json
run 0 "$CONCUR" analyze -p . --store --db h.db --format editor
cp out whole
[ "$(wc -l <whole)" -gt 20 ] || fail 'few findings'
shard() { run 0 "$CONCUR" analyze -p . --store --shard "$1" --db "$2" --format editor; }
same() { # the newest run of a history is what one process found
	run 0 "$CONCUR" db --db h.db merge "$1"
	run 0 "$CONCUR" compare --db h.db "$(sqlite3 h.db 'select id from v_run order by started_ns limit 1')" last --json
	[ "$(json '[(.new_findings | length), (.fixed_findings | length), .remaining_findings] | join(" ")')" = "0 0 $(wc -l <whole)" ] ||
		fail 'not what one process found'
}

for i in 1 2 3; do shard $i/3 s$i.db; done
for i in 1 2 3; do sqlite3 s$i.db 'select file, line, "check", symbol from v_finding'; done | sort >parts
sqlite3 h.db 'select file, line, "check", symbol from v_finding' | sort | cmp -s - parts && fail 'the parts are the whole: nothing to join'
run 3 "$CONCUR" db --db m.db merge s1.db s3.db
says err '1 of 3 shards is missing: 2'
says err 'concur analyze --store --shard 2/3'
shard 2/4 other.db
run 3 "$CONCUR" db --db m.db merge s1.db s2.db s3.db other.db
says err 'other.db one of 4'
cp s2.db copy.db
shard 2/3 again.db
run 3 "$CONCUR" db --db m.db merge s1.db s2.db again.db s3.db
says err 'shard 2/3 is there twice, in s2.db and again.db'
run 0 "$CONCUR" db --db m.db merge s3.db s1.db s2.db copy.db --json
[ "$(json .added)" = 1 ] || fail 'not one run'
sqlite3 m.db .dump >before
run 0 "$CONCUR" db --db m.db merge s1.db s2.db s3.db --json
[ "$(json .known)" = 1 ] || fail 'merged twice'
sqlite3 m.db .dump | cmp - before || fail 'merging twice changed something'
same m.db
# Shards of one file, and of a project that is elsewhere.
for i in 1 2; do shard $i/2 both.db; done
cp both.db gone.db
sqlite3 gone.db "update shard set root = '/gone'"
run 2 "$CONCUR" db --db n.db merge gone.db
says err 'no /gone here'
run 0 "$CONCUR" db --db n.db merge both.db
same n.db

if command -v parallel >/dev/null; then
	run 0 "$SOURCE/examples/shards/parallel" . 5 -j2
	says out '1 added'
	[ ! -e .concur/shards/5 ] || fail 'shards left behind'
	same .concur/history.db
fi
rm -rf .concur
if [ "$(id -u)" = 0 ] && command -v slurmctld munged slurmd sbatch >/dev/null; then
	run 0 "$SOURCE/tests/e2e/slurm-here" "$SOURCE/examples/shards/slurm" . 5
	says out '1 added'
	same .concur/history.db
	rm -rf .concur
	# A shard that fails cancels the merge.
	run 1 "$SOURCE/tests/e2e/slurm-here" "$SOURCE/examples/shards/slurm" ./src 5
	says err 'not merged'
	no_process_with concur-slurm
fi
