# The transcripts of README.md are true: every "$ command" of a ```console block runs, in order, in one shell that starts where scripts/ is, and
# every line shown is printed. Figures differ from run to run: a number matches any number, a drawn bar or a run of blanks any other; "..."
# stands for lines left out.
. "${0%/*}/lib.sh"
mkdir work && cd work && ln -s "$SOURCE/scripts" scripts
PATH=${CONCUR%/*}:$PATH
command=
commands=0

normal() {
	sed -E 's/[▏▎▍▌▋▊▉█]+//g; s/[0-9]+([.][0-9]+)?/#/g; s/# (ns|us|µs|ms|s|KiB|MiB|GiB)\b/# U/g; s/#[0-9a-f-]+/#/g
		s/[[:space:]]+/ /g; s/^ //; s/ $//'
}

# A verdict that a busy machine withheld is as it should be; it is not what README shows.
missing() {
	if grep -q 'Verdict: cannot tell' "$dir/out"; then
		echo 'skipped: this machine was too busy for a verdict'
		exit 77
	fi
	fail "README shows, but '$command' does not print: $1"
}

finish() { # run the command read last, and look for the lines read since
	local line
	[ -n "$command" ] || return 0
	echo "\$ $command"
	local code=0
	eval "$command" >"$dir/out" 2>"$dir/err" </dev/null || code=$?
	if [ $code = 4 ]; then
		echo "skipped from here on: this machine lacks something: $(head -n 1 "$dir/err")"
		exit 77
	fi
	[ $code = 0 ] || fail "README: '$command' ended with $code"
	cat "$dir/out" "$dir/err" | normal >"$dir/printed"
	while IFS= read -r line; do
		line=$(normal <<<"$line")
		[ -z "$line" ] || [ "$line" = ... ] || grep -qxF -- "$line" "$dir/printed" || missing "$line"
	done <"$dir/shown"
	command=
}

block=
while IFS= read -r text <&3; do
	case $block:$text in
	:'```console') block=1 ;;
	1:'```')
		finish
		block=
		;;
	1:'$ '*)
		finish
		command=${text#'$ '} commands=$((commands + 1))
		: >"$dir/shown"
		;;
	1:*) printf '%s\n' "$text" >>"$dir/shown" ;;
	esac
done 3<"$SOURCE/README.md"
[ "$commands" -ge 5 ] || fail "only $commands commands in README.md"
echo "$commands commands"
