# Which folder may include what, and who may print or exit.
BEGIN {
	# The star: base <- model <- the siblings <- cli. data/ is embedded tables, open to all but base and model.
	may["base"] = "base"
	may["data"] = "data"
	may["model"] = "base model"
	split("analyzer profiler advisor db report", siblings, " ")
	for (i in siblings)
		may[siblings[i]] = "base model data " siblings[i]
	may["cli"] = "base model data analyzer profiler advisor db report cli"
	# What runs inside the target: it links with nothing of ours.
	may["profiler/runtime"] = "profiler/runtime"
	may["profiler"] = may["profiler"] " profiler/runtime"

	# Who may use a library: the paths as regular expressions.
	owner["^clang-c/"] = "^analyzer/libclang\\.h$"
	owner["^sqlite3\\.h$"] = "^db/"
	owner["^jansson\\.h$"] = "^(model|analyzer|db|report|cli)/"
	owner["^argp\\.h$"] = "^cli/"
	owner["^libsmartcols"] = "^(report|cli)/"
	owner["^(elfutils/|dwarf\\.h|linux/perf_event\\.h)"] = "^profiler/"
	owner["^cmocka\\.h$"] = "^tests/"
	owner["^jpeglib\\.h$"] = "^examples/"
}

function folder_of(path)
{
	if (path ~ /^profiler\/runtime\//)
		return "profiler/runtime"
	sub(/\/.*/, "", path)
	return path
}

function check_ours(header,    to)
{
	to = folder_of(header)
	if (header !~ /\//)
		complain("\"" header "\": name it with its folder, as \"" folder "/" header "\"")
	else if (!(to in may))
		complain("\"" header "\" is in no folder of the product")
	else if (index(" " may[folder] " ", " " to " ") == 0)
		complain(folder "/ may not include " to "/ (it may include: " may[folder] ")")
}

function check_library(header,    pattern)
{
	for (pattern in owner) {
		if (header ~ pattern && FILENAME !~ owner[pattern])
			complain("<" header "> is not for this file; it is for " owner[pattern])
	}
}

function check_output(text)
{
	text = " " text
	if (text ~ /[^A-Za-z0-9_](v?printf|puts|putchar)[ ]*\(/ || text ~ /[^A-Za-z0-9_]stdout([^A-Za-z0-9_]|$)/)
		complain("only cli/ prints")
	if (text ~ /[^A-Za-z0-9_]exit[ ]*\(/)
		complain("only cli/ exits")
	if (text ~ /[^A-Za-z0-9_]stderr([^A-Za-z0-9_]|$)/ && FILENAME !~ /^base\/(log|progress|alloc)\.c$/)
		complain("diagnostics go through base/log.h")
}

FNR == 1 { folder = folder_of(FILENAME) }
{
	text = code($0)
	if (text ~ /^[ \t]*#[ \t]*include[ \t]/) {
		header = $0
		gsub(/^[^<"]*[<"]|[>"].*$/, "", header)
		if (text ~ /"/)
			check_ours(header)
		else
			check_library(header)
	} else if (folder != "cli" && folder != "profiler/runtime") {
		check_output(text)
	}
}
