# data/syscalls.tsv -> the C table of the async runtime, in the file named by -v out=. Fails on a line it does not
# understand.
BEGIN {
	FS = "\t"
	print "/* Made from data/syscalls.tsv. */" >out
	print "#include <sys/syscall.h>" >out
	print "" >out
	print "#include \"profiler/runtime/async_core.h\"" >out
	print "" >out
	print "#if defined(__x86_64__)" >out
	print "const struct async_syscall async_syscalls[] = {" >out
}
/^#/ || /^$/ { next }
NF != 4 || $1 !~ /^(RING|INLINE_THEN_RING|DIRECT|IN_PLACE|EMULATE|HELPER|REFUSE)$/ || $3 !~ /^(-|[fdp.]*(=f)?)$/ {
	print FILENAME ":" FNR ": not a rule: " $0 >"/dev/stderr"
	failed = 1
	exit
}
{
	call = $2 == "-" ? "NULL" : "async_call_" $2
	opens = sub(/=f$/, "", $3) ? "true" : "false"
	args = $3 == "-" ? "" : $3
	n = split($4, names, " ")
	for (i = 1; i <= n; i++) {
		print "#ifdef SYS_" names[i] >out
		print "\t[SYS_" names[i] "] = { \"" names[i] "\", ASYNC_" $1 ", " call ", \"" args "\", " opens " }," >out
		print "#endif" >out
	}
}
END {
	if (failed)
		exit 1
	print "};" >out
	print "" >out
	print "const long async_syscalls_n = sizeof(async_syscalls) / sizeof(*async_syscalls);" >out
	print "#endif" >out
}
