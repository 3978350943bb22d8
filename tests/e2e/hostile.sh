# Source that no parser likes: each unit costs one clear line, the rest is analysed, and the exit code is 3.
. "${0%/*}/lib.sh"
export XDG_CACHE_HOME=$dir/cache
mkdir src

{
	printf 'int chained;\nint f(int x)\n{\n\tif (x < 0)\n\t\treturn 0;\n'
	for ((i = 0; i < 6000; i++)); do printf '\telse if (x == %d)\n\t\treturn %d;\n' $i $((i + 1)); done
	printf '\tchained = 1;\n\treturn x;\n}\n'
} >src/chain.c
{
	printf 'int summed;\nvoid g(int x)\n{\n\tsummed = x'
	for ((i = 0; i < 12000; i++)); do printf ' +\nx'; done
	printf ';\n}\n'
} >src/sum.c
{ # more than any stack holds: libclang really crashes
	printf 'int h(void) { return '
	head -c 2000000 /dev/zero | tr '\0' '('
	printf '1; }\n'
} >src/crash.c
head -c 20000 "$CONCUR" >src/binary.c
printf '#include "made.h"\nint x;\n' >src/header.c
printf 'int refused;\nvoid r(void) { refused = 1; }\n' >src/refused.c
printf 'int once;\nvoid o(void) { once = 1; }\n' >src/twice.c
printf 'int kept;\nvoid k(void) { kept = 1; }\n' >src/good.c

cat >compile_commands.json <<EOF
[{"directory": "$dir", "file": "src/chain.c", "command": "cc -c src/chain.c"},
 {"directory": "src", "file": "sum.c", "command": "cc -c sum.c"},
 {"directory": "$dir", "file": "src/crash.c", "command": "cc -fbracket-depth=100000000 -c src/crash.c"},
 {"directory": "$dir", "file": "src/binary.c", "command": "cc -c src/binary.c"},
 {"directory": "$dir", "file": "src/header.c", "command": "cc -c src/header.c"},
 {"directory": "$dir", "file": "src/refused.c", "command": "cc --no-such-flag -c src/refused.c"},
 {"directory": "$dir", "file": "src/gone.c", "command": "cc -c src/gone.c"},
 {"directory": "$dir/src", "file": "twice.c", "command": "cc -c twice.c -o a.o"},
 {"directory": "$dir/src", "file": "$dir/src/twice.c", "arguments": ["cc", "-c", "../src/twice.c", "-o", "b.o"]},
 {"directory": "$dir", "file": "src/good.c", "command": "cc -c src/good.c"}]
EOF

for again in 1 2; do # from the cache as well
	run 3 "$CONCUR" analyze --json
	for state in chained summed refused once kept; do
		[ "$(json "[.facts[] | select(.check == \"shared-state\" and .symbol == \"$state\")] | length")" = 1 ] ||
			fail "$state, once (run $again)"
	done
	for unit in crash binary header refused gone; do
		[ "$(grep -c "src/$unit.c: not analysed: " err)" = 1 ] || fail "one line for $unit.c (run $again)"
	done
	[ "$(grep -c 'not analysed' err)" = 5 ] || fail "five lines (run $again)"
done
says err 'src/crash.c: not analysed: the parser crashed on it (SIGSEGV)'
says err "'made.h' file not found"
says err 'read without --no-such-flag, which libclang does not know'
says err 'gone.c: not analysed: no such file: is it made by the build? Build first'
no_process_with "$dir"

# Twenty thousand entries that name two files, each in many ways.
jq -n --arg dir "$dir" '[range(20000) | (if . % 2 == 0 then "src/good.c" else "src/twice.c" end) as $file |
	{directory: ($dir + "/." * (. % 50)), file: $file, arguments: ["cc", "-c", $file, "-o", "\(.).o"]}]' \
	>compile_commands.json
run 0 "$CONCUR" analyze -v --json
says err '2 units, '
[ "$(json '[.facts[] | select(.check == "shared-state").symbol] | join(" ")')" = 'kept once' ] || fail 'one finding in each file'
