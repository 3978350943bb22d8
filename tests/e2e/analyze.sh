# The source alone: formats, files with flags, shards, the cache, the baseline, and concur's own source.
. "${0%/*}/lib.sh"
export XDG_CACHE_HOME=$dir/cache
mkdir -p src/sub build
cat >src/a.c <<'EOF'
#include <string.h>
char *f(char *s)
{
	return strtok(s, " ");
}
EOF
sed 's/f(/g(/' src/a.c >src/sub/b.c
cat >build/compile_commands.json <<EOF
[{"directory": "$dir/src", "file": "a.c", "command": "cc -c a.c"},
 {"directory": "$dir/src", "file": "sub/b.c", "command": "cc -c sub/b.c"}]
EOF

# Lines for editors where no terminal is; their paths open from here.
run 0 "$CONCUR" analyze -p build
says out "src/a.c:4:9: warning: strtok() is not thread-safe: keeps its position in static memory; use strtok_r() [mt-unsafe-call]"
says out src/sub/b.c:4:9:
run 0 "$CONCUR" analyze -p build --format report
silent out 'warning:'
says out strtok
(cd src/sub && run 0 "$CONCUR" analyze -p ../../build)
says out "$dir/src/a.c:4:9:"
grep -q ^b.c:4:9: "$dir/out" || fail 'no path from the working directory'

# Nothing changed: nothing is parsed. --no-cache parses.
[ "$(find cache -name '*.tu' | wc -l)" = 2 ] || fail 'two units in the cache'
run 0 "$CONCUR" analyze -v -p build
says err '2 units, 2 of them from the cache'
run 0 "$CONCUR" analyze -v -p build --no-cache
says err '2 units, 0 of them from the cache'

# A changed header costs exactly those who include it, and is believed although its size and time are the old ones.
printf '#include "b.h"\nint n(void) { return STATE; }\n' >src/sub/c.c
printf '#define STATE 10\n' >src/sub/b.h
printf '#include "b.h"\nint state = STATE;\nvoid set(void) { state++; }\n' >src/d.c
jq --arg dir "$dir/src" '. + [{directory: $dir, file: "sub/c.c", command: "cc -c sub/c.c"},
	{directory: $dir, file: "d.c", command: "cc -Isub -c d.c"}]' build/compile_commands.json >more
cp build/compile_commands.json two
mv more build/compile_commands.json
run 0 "$CONCUR" analyze -p build
run 0 "$CONCUR" analyze -v -p build --json
says err '4 units, 4 of them from the cache'
[ "$(json '[.facts[] | select(.check == "shared-state")] | length')" = 1 ] || fail 'the state, once'
touch -r src/sub/b.h old
printf '#define STATE 11\n' >src/sub/b.h
touch -r old src/sub/b.h
run 0 "$CONCUR" analyze -v -p build
says err '4 units, 2 of them from the cache'
run 0 "$CONCUR" analyze -v -p build
says err '4 units, 4 of them from the cache'

# What is known of functions parses nothing, and is believed.
printf 'functions:\n  - name: strtok\n    mt: "-"\n' >.concur.yaml
run 0 "$CONCUR" analyze -v -p build
says err '4 units, 4 of them from the cache'
silent out strtok
rm .concur.yaml
run 0 "$CONCUR" analyze -v -p build
says err '4 units, 4 of them from the cache'
says out 'strtok() is not thread-safe'
rm src/sub/c.c src/sub/b.h src/d.c
mv two build/compile_commands.json

# Some of it.
run 0 "$CONCUR" analyze -p build src/sub
silent out src/a.c
says out src/sub/b.c
run 2 "$CONCUR" analyze -p build src/c.c
says err "src/c.c is not in $dir/build/compile_commands.json"
says err 'concur analyze src/c.c -- FLAGS'
for shard in 1 2; do
	run 0 "$CONCUR" analyze -p build --shard "$shard/2"
	[ "$(wc -l <out)" = 1 ] || fail 'one finding in each shard'
	cat out >>shards
done
[ "$(sort -u shards | wc -l)" = 2 ] || fail 'shards that overlap'

# Files with flags: no database.
printf '#ifdef YES\n#include <string.h>\nchar *h(char *s) { return strtok(s, "."); }\n#endif\n' >h.c
run 0 "$CONCUR" analyze h.c -- -DYES
says out h.c:3:27:
run 0 "$CONCUR" analyze h.c --
[ ! -s out ] || fail 'findings without -DYES'
run 2 "$CONCUR" analyze -- -DYES
run 2 "$CONCUR" analyze -p build h.c -- -DYES
run 2 "$CONCUR" analyze none.c -- -DYES
says err 'no such file: none.c'

# The baseline: what is known stays away, what is new does not.
run 2 "$CONCUR" analyze -p build --new-only
says err --update-baseline
run 0 "$CONCUR" analyze -p build --update-baseline
[ -s .concur-baseline ] || fail "no baseline at the root of the project"
run 0 "$CONCUR" analyze -p build --new-only
[ ! -s out ] || fail 'a known finding'
sed -i 's/^char/\n\nchar/; $ i strtok(s, ".");' src/a.c
run 0 "$CONCUR" analyze -p build --new-only --json
[ "$(json ".facts | length")" = 1 ] || fail "one finding is new"
run 3 "$CONCUR" analyze -p build --new-only --baseline src/a.c
says err 'columns, want 5 or 6'

# concur's own source: no crash, nothing left out, and every warning known (.concur-baseline) or suppressed with a reason.
# Tests and examples may hold what they like.
case $BUILD in
"$SOURCE"/*) ;;
*) echo 'the build is not below the source: its paths differ from the baseline'; exit 77 ;;
esac
run 0 "$CONCUR" analyze -p "$BUILD" --new-only --format editor
says err 'findings suppressed in the source'
if grep ': warning: ' out | grep -vE '/(tests|examples|bench)/' >new; then
	cat new >&2
	fail 'new findings: mend them, say why they are meant (docs/rules/suppression.md), or: concur analyze --update-baseline'
fi
