# A program that cannot be loaded is built anew for the race, from the units it names, or the reason is said.
. "$SOURCE/tests/e2e/lib.sh"
mkdir src
cat >src/main.c <<'END'
#include <stdio.h>
#include <stdlib.h>
unsigned long sum(const char *path);
int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	printf("%lx %s\n", sum(argv[1]), getenv("NOTHING") ? "set" : EXTRA);
	return 0;
}
END
cat >src/sum.c <<'END'
#include <stdio.h>
#include <zlib.h>
static unsigned char buffer[65536];
unsigned long sum(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(buffer, 1, sizeof(buffer), f) : 0;
	unsigned long crc = 0;

	for (int i = 0; i < 200; i++)
		crc = crc32(crc, buffer, n);
	if (f)
		fclose(f);
	return crc;
}
END
echo 'int other(void) { return 0; } int main(void) { return other(); }' >src/other.c
entry() { printf '{"directory": "%s/src", "file": "%s", "arguments": ["gcc", "-g", "-O2", "-fno-pie", "-DEXTRA=\\"%s\\"", "-c", "%s", "-o", "%s.o"]}' \
	"$dir" "$1" "${2:-plain}" "$1" "$1"; }
database() { # FILE...
	echo "[$(entry "$1")"
	shift
	for f; do echo ", $(entry "$f")"; done
	echo ']'
}
database main.c sum.c other.c >src/compile_commands.json
build() { (cd src && gcc -g -O2 -fno-pie -DEXTRA='"plain"' -o ../"$1" main.c sum.c "${@:2}"); }
build fixed -no-pie -lz
for i in 1 2 3 4 5 6 7 8; do seq $((i * 1000)) >"in$i"; done
printf '%s\n' in? >tasks
race() { run "$1" "$CONCUR" race --db h.db --each tasks --workers 2 --budget 1 --json "${@:2}"; }

race 0 -- ./fixed {}
json '.race[] | select(.model == "threads") | .why' >why
grep -q 'fixed address' why || fail "another reason: $(cat why)"

# Three units in the database, two in the program. Every model takes part, and the run says what raced.
race 0 --rebuild src -- ./fixed {}
says err 'it is linked at a fixed address'
[ "$(json '[.race[] | select(.model == "threads" or .model == "processes") | .outcome] | unique | join(" ")')" = ok ] || fail "out: $(json .race)"
json .target.rebuilt | grep -q 'built anew from 2 files of src' || fail "$(json .target.rebuilt)"
[ "$(json .target.program)" = "$dir/fixed" ] || fail "it is another program: $(json .target.program)"
[ -z "$(ls -d "${TMPDIR:-/tmp}"/concur-rebuild-* 2>/dev/null)" ] || fail "files left"

# A static program does not name its libraries.
build static -static -lz
run 3 "$CONCUR" race --db h.db --each tasks --rebuild src -- ./static {}
says err 'undefined reference'
says err "LDLIBS='"
LDLIBS=-lz race 0 --rebuild src -- ./static {}
json .target.rebuilt | grep -q 'statically linked' || fail "$(json .target.rebuilt)"

# Not needed; a unit that is missing; one that does not compile; one that answers differently.
build pie -fPIE -pie -lz
race 0 --rebuild src -- ./pie {}
says err 'not needed'
[ "$(json '.target.rebuilt // "no"')" = no ] || fail "rebuilt for nothing"
refused() { run 3 "$CONCUR" race --db h.db --each tasks --rebuild src -- ./fixed {}; says err "$1"; }
database main.c other.c >src/compile_commands.json
refused 'is made of 2 files, of which the compile database lacks'
database main.c sum.c >src/compile_commands.json
sed -i 's/"-DEXTRA=[^,]*,/"-DEXTRA=nothing",/' src/compile_commands.json
refused 'exit code 1'
sed -i 's/"-DEXTRA=nothing"/"-DEXTRA=\\"else\\""/' src/compile_commands.json
refused 'built anew, task 1 (in1) printed'
run 2 "$CONCUR" race --db h.db --each tasks --rebuild nowhere -- ./fixed {}
says err 'no compile_commands.json in'

# Without debugging information all units of the database are taken.
strip fixed
database main.c sum.c >src/compile_commands.json
race 0 --rebuild src -- ./fixed {}
json .target.rebuilt | grep -q 'from 2 files' || fail "$(json .target.rebuilt)"
[ -z "$(ls -d "${TMPDIR:-/tmp}"/concur-rebuild-* 2>/dev/null)" ] || fail "files left"
