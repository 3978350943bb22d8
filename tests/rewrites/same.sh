# Every form of every job prints what the sequential program prints, task by task: same.sh DIRECTORY OF THE PROGRAMS
set -eu
rewrites=$1
dir=$(mktemp -d "${TMPDIR:-/tmp}/concur-rewrites.XXXXXX")
service=
trap 'kill $service 2>/dev/null || true; rm -rf "$dir"' EXIT
"$rewrites/service" --delay-us 1000 >"$dir/address" &
service=$!
while ! [ -s "$dir/address" ]; do
	kill -0 $service || exit 1
	sleep 0.02
done
"$rewrites/inputs" "$dir/in" "$(cat "$dir/address")" 8

failed=0
for program in "$rewrites"/forms/*; do
	job=${program##*/}
	list=$dir/in/$job.txt
	while read -r task; do
		"$rewrites/sequential/$job/$job" "$task"
	done <"$list" >"$dir/want"
	[ -s "$dir/want" ] || { echo "$job prints nothing"; exit 1; }
	while read -r form workers; do
		"$program" "$form" "$workers" "$list" >"$dir/got" || { echo "$job $form $workers: exit $?"; failed=1; }
		cmp "$dir/want" "$dir/got" || { echo "$job $form $workers: other answers"; failed=1; }
	done <<-END
		sequential 1
		threads 2
		threads 9
		processes 2
		processes 9
		async 1
		async 9
		hybrid 3
		hybrid 9
	END
done
exit $failed
