#include "leash.h"

#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "base/alloc.h"
#include "base/cleanup.h"

static void expect_output(const char *script, const char *expected)
{
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	struct subprocess_result result = run(script, NULL, &out);

	assert_string_equal(strbuf_str(&out), expected);
	assert_int_equal(result.status, 0);
}

/* --- how it ends ------------------------------------------------------------------------------ */

static void ends_are_described(void **state)
{
	static const struct {
		const char *script, *expected;
	} rows[] = {
		{ "exit 0", "exit code 0" },
		{ "exit 3", "exit code 3" },
		{ "exit 255", "exit code 255" },
		{ "kill -SEGV $$", "killed by SIGSEGV" },
		{ "kill -KILL $$", "killed by SIGKILL" },
		{ "kill -ABRT $$", "killed by SIGABRT" },
		{ "kill -40 $$", "killed by signal 40" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct subprocess_result result = run(rows[i].script, NULL, NULL);
		CLEANUP(cleanup_free) char *text = subprocess_describe(&result);

		assert_string_equal(text, rows[i].expected);
		assert_false(result.timed_out);
		assert_int_equal(result.strays, 0);
	}
}

static void a_time_limit_is_described(void **state)
{
	static const struct {
		uint64_t wall_ns;
		const char *expected;
	} rows[] = {
		{ 5001000000, "no end within 5 s" },
		{ 52300000, "no end within 0.0523 s" },
		{ 1234 * SECOND_NS, "no end within 1234 s" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		struct subprocess_result result = { .status = SIGKILL,
						    .timed_out = true,
						    .wall_ns = rows[i].wall_ns };
		CLEANUP(cleanup_free) char *text = subprocess_describe(&result);

		assert_string_equal(text, rows[i].expected);
	}
}

static void output_larger_than_any_pipe(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	CLEANUP(strbuf_clear) struct strbuf err = { 0 };
	struct subprocess_result result;

	(void)state;
	expect_ok(subprocess_run(SHELL("head -c 3000000 /dev/zero & head -c 2000000 /dev/zero >&2;"
				       "wait; printf end"),
				 NULL, &out, &err, &result));
	assert_int_equal(result.status, 0);
	assert_int_equal(out.len, 3000003);
	assert_int_equal(err.len, 2000000);
	assert_string_equal(out.s + 3000000, "end");
}

static void the_usage_is_its_own(void **state)
{
	struct subprocess_result busy, idle;
	uint64_t cpu_ns;

	(void)state;
	busy = run("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done", NULL, NULL);
	idle = run("sleep 0.1", NULL, NULL);
	cpu_ns = (uint64_t)(busy.usage.ru_utime.tv_sec + busy.usage.ru_stime.tv_sec) * SECOND_NS +
		 (uint64_t)(busy.usage.ru_utime.tv_usec + busy.usage.ru_stime.tv_usec) * 1000;
	assert_true(cpu_ns > 0);
	assert_true(busy.usage.ru_maxrss > 0);
	assert_true(idle.wall_ns >= SECOND_NS / 10);
	assert_true(timercmp(&idle.usage.ru_utime, &busy.usage.ru_utime, <));
}

/* --- what cannot be run ----------------------------------------------------------------------- */

static char *scripts; /* a directory of files that cannot be run, each in its way */

static int make_scripts(void **state)
{
	static const struct {
		const char *name, *text;
		mode_t mode;
	} files[] = {
		{ "plain", "echo\n", 0644 },
		{ "no-interpreter", "#!/nonesuch/sh\n", 0755 },
		{ "no-first-line", "\177\n", 0755 },
		{ "good", "#!/bin/sh\necho good $1\n", 0755 },
	};
	char name[] = "/tmp/concur-subprocess-XXXXXX";

	(void)state;
	scripts = strdup(mkdtemp(name));
	for (size_t i = 0; i < ARRAY_N(files); i++) {
		CLEANUP(cleanup_free) char *path = xasprintf("%s/%s", scripts, files[i].name);
		CLEANUP(cleanup_fd) int fd = creat(path, files[i].mode);

		if (write(fd, files[i].text, strlen(files[i].text)) < 0 ||
		    fchmod(fd, files[i].mode))
			return -1;
	}
	return chdir(scripts);
}

static int remove_scripts(void **state)
{
	static const char *const names[] = { "plain", "no-interpreter", "no-first-line", "good",
					     "out" };

	(void)state;
	for (size_t i = 0; i < ARRAY_N(names); i++)
		unlink(names[i]);
	if (chdir("/") || rmdir(scripts)) {
		print_error("something is left in %s\n", scripts);
		return -1;
	}
	free(scripts);
	return 0;
}

static const struct {
	const char *program, *message, *hint;
} not_runnable[] = {
	{ "nonesuch", "cannot run nonesuch: No such file or directory",
	  "is it installed, and its directory in PATH?" },
	{ "good", "cannot run good: No such file or directory",
	  "a program in this directory is written ./good" },
	{ "./nonesuch", "cannot run ./nonesuch: No such file or directory",
	  "check the path; has it been built?" },
	{ "./plain", "cannot run ./plain: Permission denied",
	  "make it executable: chmod +x ./plain" },
	{ "./no-interpreter", "cannot run ./no-interpreter: No such file or directory",
	  "./no-interpreter is there: its interpreter (#! line or loader) is not" },
	{ "./no-first-line", "cannot run ./no-first-line: Exec format error",
	  "a script needs a first line like #!/bin/sh; a program must be built for this machine" },
	{ "/", "cannot run /: Permission denied", "/ is a directory" },
	{ "", "cannot run \"\": No such file or directory", "name a program" },
};

static void what_cannot_run_is_an_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(not_runnable); i++) {
		const char *const argv[] = { not_runnable[i].program, NULL };
		struct subprocess_result result = { .status = 77 };

		expect_error(subprocess_run(argv, NULL, NULL, NULL, &result), ERROR_USAGE,
			     not_runnable[i].message, not_runnable[i].hint);
		assert_int_equal(result.status, 77); /* untouched */
	}
	expect_no_children();
}

static void found_in_path(void **state)
{
	CLEANUP(cleanup_free) char *old = xstrdup(getenv("PATH"));
	CLEANUP(cleanup_free) char *path = xasprintf("/nonesuch:%s:%s", scripts, old);
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	struct subprocess_result result;

	(void)state;
	setenv("PATH", path, 1);
	expect_ok(subprocess_run((const char *const[]){ "good", "boy", NULL }, NULL, &out, NULL,
				 &result));
	assert_string_equal(strbuf_str(&out), "good boy\n");
	expect_error(
		subprocess_run((const char *const[]){ "plain", NULL }, NULL, NULL, NULL, &result),
		ERROR_USAGE, "cannot run plain: Permission denied",
		"make it executable: chmod +x plain");
	setenv("PATH", old, 1);
}

static void directory_and_environment(void **state)
{
	const char *const envp[] = { "ONLY=this", NULL };
	char text[32] = "";
	static const char *const argv[] = { "sh", "-c", "pwd; echo $ONLY $HOME", NULL };
	struct subprocess_options opt = shell(argv);
	struct subprocess_result result;
	struct subprocess sub;
	int fd = open("out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	(void)state;
	opt.cwd = "/usr";
	opt.envp = envp;
	opt.stdout_fd = fd;
	expect_ok(subprocess_start(&opt, &sub));
	expect_ok(subprocess_wait(&sub, &result));
	assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "/usr\nthis\n");
	close(fd);
	opt.cwd = "/nonesuch";
	expect_error(subprocess_start(&opt, &sub), ERROR_USAGE,
		     "cannot run sh: cannot enter directory /nonesuch: No such file or directory",
		     NULL);
}

/* Ends with 0 if the command on the terminal ended with this error and hint. */
static _Noreturn void on_terminal(const char *script, const char *message)
{
	struct subprocess_options opt = shell(SHELL(script));
	struct subprocess_result result;
	struct subprocess sub;
	struct error *err;

	opt.stdin_fd = 0;
	opt.limits.wall_ns = 60 * SECOND_NS;
	err = subprocess_start(&opt, &sub);
	if (!err)
		err = subprocess_wait(&sub, &result);
	if (!message)
		_exit(err || result.status);
	_exit(!err || strcmp(err->message, message) || err->class != ERROR_USAGE ||
	      strcmp(err->hint, "give it its input with < FILE, or < /dev/null"));
}

static void wanting_the_terminal_is_an_error(void **state)
{
	static const struct {
		const char *script, *message;
	} rows[] = {
		{ "cat", "sh wants the terminal" },
		{ "stty -echo", "sh wants the terminal" },
		{ "sleep 0.7; test -t 0", NULL }, /* having one is not */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		int master, status;
		pid_t pid = forkpty(&master, NULL, NULL, NULL);

		if (pid == 0)
			on_terminal(rows[i].script, rows[i].message);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		close(master);
	}
}

/* --- what the command finds ------------------------------------------------------------------- */

/* 10 and above are the shell's own. */
static void only_kept_descriptors_are_open(void **state)
{
	static const int keep[] = { 9, 8 };
	struct subprocess_options opt =
		shell(SHELL("for fd in 3 4 5 6 7 8 9; do"
			    " [ ! -e /proc/$$/fd/$fd ] || echo $fd; done >&9"));
	int out = open("out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct subprocess_result result;
	struct subprocess sub;
	char text[32] = "";

	(void)state;
	dup2(out, 6); /* of these, the numbers are free */
	dup2(out, 7);
	dup3(out, 8, O_CLOEXEC);
	dup3(out, 9, O_CLOEXEC);
	opt.keep_fds = keep;
	opt.keep_fds_n = 2;
	expect_ok(subprocess_start(&opt, &sub));
	expect_ok(subprocess_wait(&sub, &result));
	assert_true(pread(out, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "8\n9\n");
	assert_int_equal(fcntl(9, F_GETFD), FD_CLOEXEC); /* ours are as they were */
	for (int fd = 6; fd <= 9; fd++)
		close(fd);
	close(out);
}

static void a_descriptor_that_is_not_open_cannot_be_kept(void **state)
{
	struct subprocess_options opt = shell(SHELL("exit 0"));
	struct subprocess sub;
	int keep = 999;

	(void)state;
	opt.keep_fds = &keep;
	opt.keep_fds_n = 1;
	expect_error(subprocess_start(&opt, &sub), ERROR_INPUT,
		     "cannot start sh: cannot keep descriptor 999: Bad file descriptor", NULL);
}

static void its_input_is_empty(void **state)
{
	(void)state;
	expect_output("cat; readlink /proc/self/fd/0", "/dev/null\n");
}

/* Our own standard descriptors may be closed or crossed. */
static void low_descriptors_do_not_collide(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		struct strbuf out = { 0 }, err = { 0 };
		struct subprocess_result result;
		struct error *error;

		close(0);
		close(1);
		error = subprocess_run(SHELL("cat; echo out; echo err >&2"), NULL, &out, &err,
				       &result);
		_exit(error || strcmp(strbuf_str(&out), "out\n") ||
		      strcmp(strbuf_str(&err), "err\n"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void crossed_descriptors(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		const char *const argv[] = { "sh", "-c", "echo out; echo err >&2", NULL };
		struct subprocess_options opt = shell(argv);
		int out = memfd_create("out", 0), err = memfd_create("err", 0);
		struct subprocess_result result;
		struct subprocess sub;
		char text[16] = "";

		dup2(out, 2);
		dup2(err, 1);
		opt.stdout_fd = 2;
		opt.stderr_fd = 1;
		if (subprocess_start(&opt, &sub) || subprocess_wait(&sub, &result))
			_exit(1);
		_exit(pread(out, text, 15, 0) != 4 || strcmp(text, "out\n") ||
		      pread(err, text, 15, 0) != 4 || strcmp(text, "err\n"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void signals_are_as_at_login(void **state)
{
	sigset_t set, old;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	expect_output("grep -E '^Sig(Blk|Ign)' /proc/self/status",
		      "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static void it_leads_a_group_of_its_own(void **state)
{
	(void)state;
	expect_output("read pid x x x group x < /proc/self/stat; [ $pid = $group ] && echo yes",
		      "yes\n");
}

static void our_descriptors_do_not_grow(void **state)
{
	int first = open("/dev/null", O_RDONLY), last;

	(void)state;
	close(first);
	for (int i = 0; i < 5; i++) {
		CLEANUP(strbuf_clear) struct strbuf out = { 0 };
		CLEANUP(strbuf_clear) struct strbuf err = { 0 };
		struct subprocess_result result;

		expect_ok(subprocess_run(SHELL("echo"), NULL, &out, &err, &result));
		error_free(subprocess_run((const char *const[]){ "/nonesuch", NULL }, NULL, &out,
					  &err, &result));
	}
	last = open("/dev/null", O_RDONLY);
	close(last);
	assert_int_equal(first, last);
}

/* --- limits ----------------------------------------------------------------------------------- */

static void limits_end_it(void **state)
{
	static const struct {
		const char *script, *expected;
		struct subprocess_limits limits;
	} rows[] = {
		{ "while :; do :; done", "killed by SIGXCPU (CPU time limit)", { .cpu_s = 1 } },
		{ "trap '' XCPU; while :; do :; done", "killed by SIGKILL", { .cpu_s = 1 } },
		{ "exec head -c 100000 /dev/zero > out",
		  "killed by SIGXFSZ (file size limit)",
		  { .file_bytes = 4096 } },
		{ "head -c 200M /dev/zero | tail -c 200M > /dev/null",
		  "exit code 1",
		  { .memory_bytes = 100 << 20 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_N(rows); i++) {
		CLEANUP(strbuf_clear) struct strbuf err = { 0 };
		CLEANUP(cleanup_free) char *text = NULL;
		struct subprocess_result result;

		expect_ok(subprocess_run(SHELL(rows[i].script), &rows[i].limits, NULL, &err,
					 &result));
		text = subprocess_describe(&result);
		assert_string_equal(text, rows[i].expected);
	}
}

/* As proc(5) lists them, soft and hard. */
static void expect_limit(const char *name, const struct subprocess_limits *limits,
			 const char *expected)
{
	CLEANUP(cleanup_free)
	char *script = xasprintf("sed -n 's/^%s  *\\([^ ]*\\)  *\\([^ ]*\\) .*/\\1 \\2/p' "
				 "/proc/self/limits",
				 name);
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };

	run(script, limits, &out);
	assert_string_equal(strbuf_str(&out), expected);
}

static void limits_are_set(void **state)
{
	struct subprocess_limits none = { 0 };

	(void)state;
	expect_limit("Max core file size", &none, "0 0\n");
	expect_limit("Max cpu time", &none, "unlimited unlimited\n");
	expect_limit("Max cpu time", &(struct subprocess_limits){ .cpu_s = 7 }, "7 8\n");
	expect_limit("Max file size", &(struct subprocess_limits){ .file_bytes = 5000 },
		     "5000 5000\n");
	expect_limit("Max address space", &(struct subprocess_limits){ .memory_bytes = 1 << 30 },
		     "1073741824 1073741824\n");
}

static void processes_are_limited_except_for_root(void **state)
{
	struct subprocess_limits limits = { .processes = 1234 };
	pid_t pid;
	int status;

	(void)state;
	if (geteuid()) {
		expect_limit("Max processes", &limits, "1234 1234\n");
		return;
	}
	pid = fork();
	if (pid == 0) {
		CLEANUP(strbuf_clear) struct strbuf out = { 0 };

		run("grep -c '^Max processes *1234' /proc/self/limits", &limits, &out);
		if (strcmp(strbuf_str(&out), "0\n"))
			_exit(1);
		strbuf_reset(&out);
		if (setuid(65534))
			_exit(2);
		run("grep -c '^Max processes *1234' /proc/self/limits", &limits, &out);
		_exit(strcmp(strbuf_str(&out), "1\n") ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* --- the gate --------------------------------------------------------------------------------- */

static struct subprocess_options gated(const char *const *argv, struct leash *leash, int *gate)
{
	struct subprocess_options opt = shell(argv);
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	opt.gate_fd = fds[0];
	*gate = fds[1];
	if (leash) {
		opt.keep_fds = &leash->write_fd;
		opt.keep_fds_n = 1;
	}
	return opt;
}

static void nothing_runs_before_the_gate_opens(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) { /* a byte, or closing it */
		CLEANUP(leash_clear) struct leash leash = leash_new();
		CLEANUP(cleanup_free) char *script = xasprintf("echo >&%d", leash.write_fd);
		const char *const argv[] = { "sh", "-c", script, NULL };
		struct pollfd poll_fd = { .fd = leash.read_fd, .events = POLLIN };
		int gate;
		struct subprocess_options opt = gated(argv, &leash, &gate);
		struct subprocess_result result;
		struct subprocess sub;

		expect_ok(subprocess_start(&opt, &sub));
		close(opt.gate_fd);
		assert_int_equal(poll(&poll_fd, 1, 100), 0);
		if (how == 0)
			assert_int_equal(write(gate, "", 1), 1);
		close(gate);
		assert_true(byte_comes(leash.read_fd));
		expect_ok(subprocess_wait(&sub, &result));
		assert_int_equal(result.status, 0);
	}
}

static void the_limit_holds_at_the_gate(void **state)
{
	CLEANUP(leash_clear) struct leash leash = leash_new();
	int gate;
	struct subprocess_options opt = gated((const char *const[]){ "true", NULL }, &leash, &gate);
	struct subprocess_result result;
	struct subprocess sub;

	(void)state;
	opt.limits.wall_ns = SECOND_NS / 20;
	expect_ok(subprocess_start(&opt, &sub));
	expect_ok(subprocess_wait(&sub, &result));
	assert_true(result.timed_out);
	assert_true(leash_all_gone(&leash, 0));
	close(opt.gate_fd);
	close(gate);
}

/* Found out after the gate for some, at once for others; never an exit code. */
static void what_cannot_run_is_an_error_behind_a_gate(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(not_runnable); i++) {
		const char *const argv[] = { not_runnable[i].program, NULL };
		int gate;
		struct subprocess_options opt = gated(argv, NULL, &gate);
		struct subprocess_result result;
		struct subprocess sub;
		struct error *err = subprocess_start(&opt, &sub);

		close(gate);
		close(opt.gate_fd);
		if (!err)
			err = subprocess_wait(&sub, &result);
		expect_error(err, ERROR_USAGE, not_runnable[i].message, not_runnable[i].hint);
	}
	expect_no_children();
}

/* However late it is asked for. */
static void an_end_in_time_is_no_time_out(void **state)
{
	CLEANUP(leash_clear) struct leash leash = leash_new();
	struct subprocess sub = start_on_leash("exit 4", &leash, 2 * SECOND_NS);
	struct subprocess_result result;

	(void)state;
	assert_true(leash_all_gone(&leash, 1900));
	sub.started_ns -= 10 * SECOND_NS;
	usleep(20000); /* from closing its descriptors to being a zombie */
	expect_ok(subprocess_wait(&sub, &result));
	assert_false(result.timed_out);
	assert_int_equal(WEXITSTATUS(result.status), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_are_described),
		cmocka_unit_test(a_time_limit_is_described),
		cmocka_unit_test(output_larger_than_any_pipe),
		cmocka_unit_test(the_usage_is_its_own),
		cmocka_unit_test(what_cannot_run_is_an_error),
		cmocka_unit_test(found_in_path),
		cmocka_unit_test(directory_and_environment),
		cmocka_unit_test(wanting_the_terminal_is_an_error),
		cmocka_unit_test(only_kept_descriptors_are_open),
		cmocka_unit_test(a_descriptor_that_is_not_open_cannot_be_kept),
		cmocka_unit_test(its_input_is_empty),
		cmocka_unit_test(low_descriptors_do_not_collide),
		cmocka_unit_test(crossed_descriptors),
		cmocka_unit_test(signals_are_as_at_login),
		cmocka_unit_test(it_leads_a_group_of_its_own),
		cmocka_unit_test(our_descriptors_do_not_grow),
		cmocka_unit_test(limits_end_it),
		cmocka_unit_test(limits_are_set),
		cmocka_unit_test(processes_are_limited_except_for_root),
		cmocka_unit_test(nothing_runs_before_the_gate_opens),
		cmocka_unit_test(the_limit_holds_at_the_gate),
		cmocka_unit_test(what_cannot_run_is_an_error_behind_a_gate),
		cmocka_unit_test(an_end_in_time_is_no_time_out),
	};

	leash_prepare();
	return cmocka_run_group_tests(tests, make_scripts, remove_scripts);
}
