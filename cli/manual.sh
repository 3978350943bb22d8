# Run by the build: manual.sh CONCUR DIR SCDOC COMMAND...; an empty SCDOC makes no pages.
set -eu
concur=$1 dir=$2 scdoc=$3
shift 3
mkdir -p "$dir/man1"
"$concur" completion bash >"$dir/concur.bash"
"$concur" completion zsh >"$dir/_concur"
"$concur" completion fish >"$dir/concur.fish"
if [ -n "$scdoc" ]; then
	# The same date for the same source: builds are to be reproducible.
	SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-0}
	export SOURCE_DATE_EPOCH
	"$concur" completion scdoc | "$scdoc" >"$dir/man1/concur.1"
	for command; do
		"$concur" completion scdoc "$command" | "$scdoc" >"$dir/man1/concur-$command.1"
	done
fi
touch "$dir/stamp"
