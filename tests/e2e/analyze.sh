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
