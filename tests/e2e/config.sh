# Configuration: which place wins, what is shown, what is refused with key and line, and that a project's file runs nothing unasked.
. "${0%/*}/lib.sh"
export HOME=$dir/home XDG_CONFIG_HOME=
mkdir -p home/.config/concur project/sub
user=home/.config/concur/config.yaml
project=project/.concur.yaml
printf 'budget: 10\ntimeout: 10\nseed: 10\nworkers: [2, 4]\nno-cache: true\n' >"$user"
printf 'timeout: 20\nseed: 20\ndb: history.db\nno-cache: false\nfunctions: []\n' >"$project"
cd project/sub

value() { # NAME: its value and where it is from, of the command line in out
	jq -r --arg name "$1" '.options[] | select(.name == $name) | "\(.value) \(.from)"' "$dir/out"
}
run 0 env CONCUR_SEED=30 "$CONCUR" --color never advise --dump-config --json --setup 'make it'
[ "$(json .schema)" = concur.config/1 ] || fail schema
[ "$(json '.files | length')" = 2 ] || fail files
[ "$(value budget)" = "10 $dir/$user:1" ] || fail "user: $(value budget)"
[ "$(value timeout)" = "20 $dir/$project:1" ] || fail "project over user: $(value timeout)"
[ "$(value seed)" = '30 CONCUR_SEED' ] || fail "environment over project: $(value seed)"
[ "$(value setup)" = 'make it command line' ] || fail "command line: $(value setup)"
[ "$(value color)" = 'never command line' ] || fail "before the command: $(value color)"
[ "$(value workers)" = "2,4 $dir/$user:4" ] || fail "a list: $(value workers)"
[ "$(value db)" = "$dir/project/history.db $dir/$project:3" ] || fail "a path: $(value db)"
[ "$(value no-cache)" = 'null default' ] || fail "switched off: $(value no-cache)"
run 0 env CONCUR_SEED=30 "$CONCUR" advise --seed 40 --dump-config --json
[ "$(value seed)" = '40 command line' ] || fail "command line over environment: $(value seed)"

# Text, which is a configuration again; a workload goes before the environment.
printf 'budget: 50\nseed: 50\n' >job.yaml
run 0 env CONCUR_SEED=30 "$CONCUR" race --workload job.yaml --budget 60 --dump-config
for line in 'budget: 60  .*# command line' 'seed: 50  .*# job.yaml:2' '# processes: '; do
	grep -q "^$line" "$dir/out" || fail "no $line"
done
mkdir "$dir/again"
grep -E '^(timeout|db|seed):' "$dir/out" >"$dir/again/.concur.yaml"
(cd "$dir/again" && run 0 "$CONCUR" race --dump-config --json && [ "$(value timeout)" = "20 $dir/again/.concur.yaml:1" ]) || fail 'read back'

# The history of the project, from below it, but not against the command line.
run 0 "$CONCUR" db import "$SOURCE/tests/golden/page.json"
[ -s ../history.db ] || fail 'db of the project'
run 0 "$CONCUR" --db other.db db import "$SOURCE/tests/golden/page.json"
[ -s other.db ] || fail 'db before the command'

# Refused, with file, line and key; as JSON as well.
wrong() { # TEXT PATTERN
	printf -- "$1" >../.concur.yaml
	run 2 "$CONCUR" advise --dump-config
	grep -qE "$dir/project/.concur.yaml:$2" "$dir/err" || fail "$2"
	run 2 "$CONCUR" advise --dump-config --json
	json .error.message | grep -qE "/.concur.yaml:$2" || fail "JSON: $2"
}
wrong 'bugdet: 9\n' '1: unknown key "bugdet"'
wrong '# a comment\nbudget: soon\n' "2: budget: 'soon' is not a time"
wrong 'workers: [2, 0]\n' "1: workers: '0' is not a whole number"
wrong '\npolicy: fast\n' "2: policy: 'fast' is neither"
wrong 'seed: 1\nseed: 2\n' '2: seed: there already'
wrong 'no-cache: 3\n' '1: no-cache: want true or false'
wrong 'budget:\n  a: b\n' '2: budget: want a text'
wrong 'command: [rm, x]\n' '1: unknown key "command"'
wrong '- a\n' '1: want keys'
wrong 'db: [\n' '2: '
run 2 env CONCUR_NO_CACHE=perhaps "$CONCUR" advise --dump-config

# What a project's file wants to have run needs --trust, wherever it would run.
printf 'seed: 1\nsetup: touch %s/ran\n' "$dir" >../.concur.yaml
printf 'a\nb\n' >tasks
run 2 "$CONCUR" race --each tasks --budget 1 -- cat tasks {}
says err ".concur.yaml:2: a project's file runs no command unasked"
says err '--trust'
[ ! -e "$dir/ran" ] || fail 'it ran'
run 0 "$CONCUR" analyze --dump-config
run 0 "$CONCUR" race --trust --each tasks --budget 1 --workers 2 -- sh -c 'echo $0' {}
[ -e "$dir/ran" ] || fail 'it did not run with --trust'
