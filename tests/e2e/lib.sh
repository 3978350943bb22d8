# Shared by the end-to-end tests: a private directory that goes away, and checks that say what was expected.
# A test is a bash script that sources this file; it ends non-zero at the first failed check.
set -eu
: "${CONCUR:?the concur binary}" "${SOURCE:?the source tree}" "${BUILD:?the build tree}"
export NO_COLOR=1 COLUMNS=100 LC_ALL=C.UTF-8
unset CONCUR_DB CLICOLOR_FORCE || true

dir=$(mktemp -d "${TMPDIR:-/tmp}/concur-e2e.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir"

fail() {
	echo "FAILED: $*" >&2
	for f in out err; do
		[ ! -s "$dir/$f" ] || { echo "--- std$f" >&2; head -n 40 "$dir/$f" >&2; }
	done
	exit 1
}

# run CODE COMMAND...: the command must end with CODE; its streams are kept in out and err.
run() {
	local want=$1 got=0
	shift
	"$@" >"$dir/out" 2>"$dir/err" </dev/null || got=$?
	[ "$got" -eq "$want" ] || fail "exit code $got, not $want: $*"
}

says() { grep -qF -- "$2" "$dir/$1" || fail "no '$2' on std$1"; }
silent() { ! grep -qF -- "$2" "$dir/$1" || fail "'$2' on std$1"; }

# json FILTER: what jq prints for the JSON on standard output.
json() { jq -er "$1" "$dir/out" || fail "no $1 in the JSON"; }

# No process but this test's own shell carries the mark (an argument or environment variable of what was started).
no_process_with() {
	local pid
	for pid in /proc/[0-9]*; do
		[ "${pid#/proc/}" != "$$" ] || continue
		if tr '\0' '\n' 2>/dev/null <"$pid/cmdline" | grep -qF -- "$1"; then
			fail "left behind: $(tr '\0' ' ' <"$pid/cmdline")"
		fi
	done
}
