# On a machine that somebody else keeps busy the verdict is "cannot tell", never "leave it" or another model.
# All cores but one get a spinner of real-time priority, which no trial can get in front of: what is left is one core.
. "$SOURCE/tests/e2e/lib.sh"
cores=$(nproc)
[ "$cores" -ge 2 ] || { echo "skipped: one core cannot be half busy"; exit 77; }
chrt -f 1 true 2>/dev/null || { echo "skipped: real-time priority is not allowed here"; exit 77; }

spinners=()
trap 'kill "${spinners[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT
for i in 1 2 3 4 5 6 7 8; do
	seq "$i" 250000 >"$i.txt"
	echo "$i.txt"
done >tasks
spin() { # CORE: until it is ended; by itself after two minutes
	timeout 120 chrt -f 1 taskset -c "$1" sh -c 'while :; do :; done' &
	spinners+=($!)
}
first=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
for core in $(taskset -cp $$ | sed 's/.*: //' | tr , '\n' | while IFS=- read -r a b; do seq "$a" "${b:-$a}"; done); do
	[ "$core" = "$first" ] || spin "$core"
done
run 0 "$CONCUR" advise --no-analyze --json --each tasks --budget 5 --workers "$cores" -- gzip -c {}
[ "$(json .verdict.kind)" = cannot-tell ] || fail "a verdict from a machine with one core to spare: $(json .verdict.kind)"
json '.verdict.missing | join(" ")' | grep -Eq 'busy' || fail "the machine is not named as the reason: $(json '.verdict.missing | join(" ")')"
