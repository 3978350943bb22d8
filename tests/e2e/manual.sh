# Manual pages and completions name every command and every option.
. "${0%/*}/lib.sh"
command -v scdoc mandoc >/dev/null || { echo 'scdoc or mandoc is missing' >&2; exit 77; }
commands=$("$CONCUR" --help | sed -n '/Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 12 ] || fail "commands: $commands"
options() { sed -nE 's/^ {2,6}((-[a-zA-Z]), )?--([a-z-]+).*/--\3/p' out | grep -vE '^--(usage|version)$'; }

"$CONCUR" completion scdoc >main.scd
scdoc <main.scd >concur.1
mandoc -T lint -W error concur.1 || fail 'concur.1'
for command in $commands; do
	grep -q "^\*concur-$command\*(1)" main.scd || fail "concur(1) without $command"
	run 0 "$CONCUR" completion scdoc "$command"
	scdoc <out >page.1 || fail "$command: scdoc"
	mandoc -T lint -W error page.1 || fail "$command: mandoc"
	mandoc -T ascii page.1 | col -bx >page.txt
	"$CONCUR" completion bash >words
	run 0 "$CONCUR" "$command" --help
	[ "$(options | wc -l)" -ge 5 ] || fail "$command: options"
	for option in $(options); do
		grep -qE -- "^ +(-[a-zA-Z], )?$option(=|$)" page.txt || fail "concur-$command(1) without $option"
		grep -E "^\s$command\) words=" words | grep -qE -- "[ ']$option[ ']" || fail "$command: no completion of $option"
	done
	[ -s "$BUILD/cli/manual/man1/concur-$command.1" ] || fail "$command: no page was built"
done

complete() { # WORD...: what bash offers for the last one
	bash -c 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _concur; echo "${COMPREPLY[@]}"' "$BUILD/cli/manual/concur.bash" "$@"
}
[ "$(complete concur adv)" = advise ] || fail 'a command'
[ "$(complete concur --db x.db report --form)" = --format ] || fail 'an option'
[ -z "$(complete concur advise --each t -- prog --b)" ] || fail "the program's options are its own"
for shell in zsh fish; do
	! command -v $shell >/dev/null || "$CONCUR" completion $shell | $shell -n || fail $shell
done
run 2 "$CONCUR" completion tcsh
says err bash
