#include "leash.h"

#include <signal.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/interrupt.h"

/* --- nothing is left behind ------------------------------------------------------------------- */

/* Every way to get away. `most` is how many there can be besides the command. */
static const struct {
	const char *script;
	size_t most;
} families[] = {
	{ "", 0 },
	{ "sleep 200 &", 1 },
	{ "sleep 200 & sleep 200 &", 2 },
	{ "(sleep 200 & :) &", 2 },
	{ "setsid sleep 200 &", 1 },
	{ "(setsid sleep 200 & :) ; setsid setsid sleep 200 &", 3 },
	{ "setsid sh -c 'sleep 200 & setsid sleep 200 & wait' & sleep 200 &", 4 },
	{ "nohup sh -c 'trap \"\" TERM INT HUP QUIT; while :; do sleep 100; done' >&2 &", 2 },
	{ "sh -c 'kill -STOP $$' &", 1 },
};

static void strays_of_an_ended_command(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(families); i++) {
		CLEANUP(cleanup_free)
		char *script = xasprintf("%s sleep 0.1; exit 5", families[i].script);
		CLEANUP(leash_clear) struct leash leash = leash_new();
		struct subprocess sub = start_on_leash(script, &leash, 0);
		struct subprocess_result result;

		expect_ok(subprocess_wait(&sub, &result));
		assert_true(leash_all_gone(&leash, 0));
		assert_int_equal(WEXITSTATUS(result.status), 5);
		assert_false(result.timed_out);
		assert_in_range(result.strays, families[i].most > 0, families[i].most);
		expect_no_children();
	}
}

static void the_time_limit_ends_all_of_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_N(families); i++) {
		CLEANUP(cleanup_free)
		char *script = xasprintf("%s trap '' TERM INT; sleep 200", families[i].script);
		CLEANUP(leash_clear) struct leash leash = leash_new();
		struct subprocess sub = start_on_leash(script, &leash, SECOND_NS / 4);
		struct subprocess_result result;

		expect_ok(subprocess_wait(&sub, &result));
		assert_true(leash_all_gone(&leash, 0));
		assert_true(result.timed_out);
		assert_true(result.wall_ns >= SECOND_NS / 4);
		assert_true(WIFSIGNALED(result.status));
		assert_int_equal(WTERMSIG(result.status), SIGKILL);
		expect_no_children();
	}
}

static void a_stopped_command_ends_at_its_limit(void **state)
{
	struct subprocess_limits limits = { .wall_ns = SECOND_NS / 10 };
	struct subprocess_result result = run("kill -STOP $$", &limits, NULL);

	(void)state;
	assert_true(result.timed_out);
}

/* One that floods us is still ended. */
static void output_does_not_outrun_the_limit(void **state)
{
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	struct subprocess_limits limits = { .wall_ns = SECOND_NS / 10 };
	struct subprocess_result result = run("while :; do echo y; done", &limits, &out);

	(void)state;
	assert_true(result.timed_out);
	assert_true(out.len > 0);
}

/* $(...) waits until all who hold its pipe have ended: the orphan is a zombie when sh exits. */
static void an_orphan_that_has_ended_is_no_stray(void **state)
{
	struct subprocess_result result = run(": $( (true &) )", NULL, NULL);

	(void)state;
	assert_int_equal(result.strays, 0);
	expect_no_children();
}

/* Each process starts the next one and ends. It gives up by itself after 2,000. */
static void a_chain_of_orphans_is_broken(void **state)
{
	CLEANUP(leash_clear) struct leash leash = leash_new();
	struct subprocess sub = start_on_leash(
		"f() { [ $1 -gt 2000 ] || (f $(($1 + 1)) &) ; }; f 0", &leash, 10 * SECOND_NS);
	struct subprocess_result result;

	(void)state;
	expect_ok(subprocess_wait(&sub, &result));
	assert_true(leash_all_gone(&leash, 0));
	expect_no_children();
}

static void kill_can_be_repeated(void **state)
{
	CLEANUP(leash_clear) struct leash leash = leash_new();
	CLEANUP(subprocess_kill)
	struct subprocess sub = start_on_leash("setsid sleep 200 & sleep 200", &leash, 0);

	(void)state;
	subprocess_kill(&sub);
	assert_true(leash_all_gone(&leash, 0));
	assert_int_equal(sub.pid, 0);
	subprocess_kill(&sub);
}

static pid_t sleeping_child(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	pause();
	_exit(0);
}

/* A child we forked ourselves, and a service with an orphan in its group and a daemon. */
static void others_are_left_alone(void **state)
{
	pid_t child = sleeping_child();
	CLEANUP(leash_clear) struct leash service_leash = leash_new();
	CLEANUP(leash_clear) struct leash leash = leash_new();
	CLEANUP(cleanup_free)
	char *script = xasprintf("(sleep 200 & setsid sh -c 'echo >&%d; exec sleep 200' &); echo "
				 ">&%d; exec sleep 200",
				 service_leash.write_fd, service_leash.write_fd);
	struct subprocess service, sub;
	struct subprocess_result result;

	(void)state;
	service = start_on_leash(script, &service_leash, 0);
	assert_true(byte_comes(service_leash.read_fd) && byte_comes(service_leash.read_fd));

	sub = start_on_leash("setsid sleep 200 &", &leash, 0);
	expect_ok(subprocess_wait(&sub, &result));
	assert_int_equal(result.strays, 1);
	assert_true(leash_all_gone(&leash, 0));

	service.limits.wall_ns = 1; /* its end: both are still there */
	expect_ok(subprocess_wait(&service, &result));
	assert_true(result.timed_out);
	assert_int_equal(result.strays, 2);
	assert_true(leash_all_gone(&service_leash, 0));

	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* Born while both run: its process group tells whose it is. */
static void the_group_tells_whose_an_orphan_is(void **state)
{
	CLEANUP(leash_clear) struct leash leash = leash_new();
	CLEANUP(cleanup_free)
	char *script =
		xasprintf("read go; (sleep 200 &); echo >&%d; exec sleep 200", leash.write_fd);
	struct subprocess_options opt = shell(SHELL(script));
	struct subprocess service, sub;
	struct subprocess_result result;
	int go[2];

	(void)state;
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	opt.stdin_fd = go[0];
	opt.keep_fds = &leash.write_fd;
	opt.keep_fds_n = 1;
	expect_ok(subprocess_start(&opt, &service));
	opt = shell(SHELL("sleep 200"));
	expect_ok(subprocess_start(&opt, &sub));
	assert_int_equal(write(go[1], "\n", 1), 1);
	assert_true(byte_comes(leash.read_fd));

	subprocess_kill(&sub);
	service.limits.wall_ns = 1;
	expect_ok(subprocess_wait(&service, &result));
	assert_int_equal(result.strays, 1); /* the orphan was spared until now */
	assert_true(leash_all_gone(&leash, 0));
	close(go[0]);
	close(go[1]);
}

/* --- when we are the one to go ---------------------------------------------------------------- */

/* Runs, in a child of ours, a command that says through `leash` when it and a daemon are there. */
static pid_t run_in_child(struct leash *leash)
{
	pid_t pid = fork();
	CLEANUP(cleanup_free)
	char *script =
		xasprintf("setsid sh -c 'echo >&%d; sleep 200' & sleep 200", leash->write_fd);
	struct subprocess_result result;
	struct subprocess sub;
	struct error *err;

	if (pid)
		return pid;
	signal(SIGINT, SIG_DFL);
	interrupt_install();
	subprocess_init();
	sub = start_on_leash(script, leash, 0);
	err = subprocess_wait(&sub, &result);
	_exit(err ? (int)err->class : 1);
}

static void an_interrupt_leaves_no_process(void **state)
{
	CLEANUP(leash_clear) struct leash leash = leash_new();
	pid_t pid = run_in_child(&leash);
	int status;

	(void)state;
	assert_true(byte_comes(leash.read_fd));
	kill(pid, SIGINT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), ERROR_INTERRUPTED);
	assert_true(leash_all_gone(&leash, 0));
}

/* SIGKILL leaves us no time: the kernel ends the command itself. */
static void a_killed_concur_leaves_no_command(void **state)
{
	CLEANUP(leash_clear) struct leash leash = leash_new();
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		CLEANUP(cleanup_free)
		char *script = xasprintf("echo >&%d; exec sleep 200", leash.write_fd);
		struct subprocess_result result;
		struct subprocess sub;

		sub = start_on_leash(script, &leash, 0);
		error_free(subprocess_wait(&sub, &result));
		_exit(1);
	}
	assert_true(byte_comes(leash.read_fd));
	kill(pid, SIGKILL);
	assert_true(leash_all_gone(&leash, 60000));
	waitpid(pid, NULL, 0);
	waitpid(-1, NULL, 0); /* the command: we are a subreaper and inherited it */
	expect_no_children();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strays_of_an_ended_command),
		cmocka_unit_test(the_time_limit_ends_all_of_them),
		cmocka_unit_test(a_stopped_command_ends_at_its_limit),
		cmocka_unit_test(output_does_not_outrun_the_limit),
		cmocka_unit_test(an_orphan_that_has_ended_is_no_stray),
		cmocka_unit_test(a_chain_of_orphans_is_broken),
		cmocka_unit_test(kill_can_be_repeated),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(the_group_tells_whose_an_orphan_is),
		cmocka_unit_test(an_interrupt_leaves_no_process),
		cmocka_unit_test(a_killed_concur_leaves_no_command),
	};

	leash_prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
