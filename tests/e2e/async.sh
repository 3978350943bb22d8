# A program nobody here wrote: the resolver of Debian's udns, unchanged, a hundred lookups in flight on one thread.
. "${0%/*}/lib.sh"
code=0
CONCUR_BENCH_SRC=$dir/src "$SOURCE/bench/async/programs" -b 5 -t 100 -d 25 "$BUILD" resolver >"$dir/out" 2>"$dir/err" || code=$?
if [ $code = 4 ] || grep -q 'not-measurable: .*this \(kernel\|machine\)' "$dir/out"; then
	cat "$dir/out" "$dir/err"
	exit 77 # no source package to be had here, or no event loop
fi
[ $code = 0 ] || [ $code = 3 ] || fail "exit code $code"
says out 'async x 100: '
says out 'hybrid x 100: '
silent out 'wrong-result'
