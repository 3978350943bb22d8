# What a person sees: every command at several widths, on a terminal (script(1) makes one), in a pipe and in CI. No line is wider than the
# terminal, no escape sequence leaves it, and progress is one line that is redrawn there and plain lines elsewhere.
. "${0%/*}/lib.sh"
export CONCUR_DB=$dir/h.db TERM=xterm
unset NO_COLOR CI
deep=src/a/directory/with/a/name/as/long/as/names/of/directories/become/in/time
mkdir -p $deep
cat >$deep/total.c <<'C'
#include <stdio.h>
#include <string.h>
static long total_of_all_bytes_that_were_ever_read;
int main(int argc, char **argv)
{
	char line[4096], *word;
	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");
		while (f && fgets(line, sizeof(line), f)) {
			word = strtok(line, " ");
			total_of_all_bytes_that_were_ever_read += (long)strlen(word ? word : line);
		}
	}
	printf("%ld\n", total_of_all_bytes_that_were_ever_read);
	return 0;
}
C
cc -g -o total $deep/total.c
echo "[{\"directory\": \"$dir\", \"file\": \"$deep/total.c\", \"arguments\": [\"cc\", \"-c\", \"$deep/total.c\"]}]" >compile_commands.json
for i in $(seq 12); do seq $((i * 20000)) >"f$i"; done
ls f* >tasks

# terminal WIDTH COMMAND...: on a terminal of so many columns, both streams into out, carriage returns and colours kept in raw.
terminal() {
	local got=0 width=$1
	shift
	script -qec "stty cols $width; exec $(printf '%q ' "$@")" /dev/null >"$dir/raw" </dev/null || got=$?
	[ $got = 0 ] || fail "exit code $got: $*"
	sed -E 's/\r//g; s/\x1b\[[0-9;]*[A-Za-z]//g' "$dir/raw" >"$dir/out"
}

fits() { # WIDTH COMMAND: the last output
	[ "$(wc -L <"$dir/out")" -le "$1" ] ||
		fail "$2 at $1 columns: $(awk -v n="$1" 'length > n' "$dir/out" | head -n 2)"
}

plain() { ! grep -q $'[\x1b\r]' "$dir/out" "$dir/err" || fail "an escape or carriage return outside a terminal: $*"; }

# Progress: what runs, which round, time left; redrawn on a terminal, plain lines in a pipe and in CI, nothing with -q.
terminal 80 "$CONCUR" advise -p . --budget 4 --workers 2 --each tasks -- ./total {}
grep -q $'\r' raw || fail 'no progress line is redrawn'
tr '\r' '\n' <raw | sed -E 's/\x1b\[[0-9;]*[A-Za-z]//g' >out
grep -Eq 'race: [0-9]+ %, round [0-9]+ of .*: .* x [0-9]+, .* left$' out || fail 'progress without round, trial or time left'
fits 80 'progress of advise'
CI=true run 0 "$CONCUR" race --budget 3 --workers 2 --each tasks -- grep -c 7 {}
says err 'concur: race: '
plain race
run 0 "$CONCUR" race -q --budget 3 --workers 2 --each tasks -- grep -c 7 {}
[ ! -s err ] || fail '-q says more than the result'
run 0 "$CONCUR" race -v --budget 3 --workers 2 --each tasks -- grep -c 7 {}
plain 'race -v'
run 0 "$CONCUR" analyze -q -p . --store
run 0 "$CONCUR" advise -q --no-analyze -- ./total f*

commands() {
	local command
	echo "runs
runs -n 2
show last
show last~1
show last~2
show last~5
show -v last~5
compare last~2 last~3
compare last~3 last~5 --force
report last --format term
history
history -v
db check
doctor
explain
explain R01
explain async
explain threads
advise --dump-config
--help
--version"
	for command in advise analyze profile race runs show compare history gate report db explain doctor completion; do
		echo "$command --help"
	done
}
# Where concur is installed is a name that can be longer than a line.
mkdir -p "$dir/$deep/$deep"
ln -s "$(realpath "${CONCUR%/*}/../libexec/concur/concur-host")" "$dir/$deep/$deep/concur-host"
export CONCUR_HOST=$dir/$deep/$deep/concur-host
run 0 "$CONCUR" runs --json
[ "$(json '.runs | length')" -ge 6 ] || fail 'six runs to look at'
while read -r line; do
	for width in 80 120; do
		terminal $width "$CONCUR" $line
		fits $width "$line on a terminal"
		CI=true COLUMNS=$width run 0 "$CONCUR" $line
		fits $width "$line in a pipe"
		plain "$line"
	done
done < <(commands)
terminal 80 "$CONCUR" analyze -p .
fits 80 'analyze on a terminal'
terminal 80 "$CONCUR" show last~5
grep -q $'\x1b\[' raw || fail 'no colour on a terminal'
NO_COLOR=1 terminal 80 "$CONCUR" show last~5
! grep -q $'\x1b\[' raw || fail 'colour in spite of NO_COLOR'
CLICOLOR_FORCE=1 run 0 "$CONCUR" show last~5
grep -q $'\x1b\[' out || fail 'no colour in spite of CLICOLOR_FORCE'
