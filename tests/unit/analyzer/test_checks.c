/*
 * What a fixture with one file and this machine's C library cannot show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "sandbox.h"

static void the_c_library_decides_what_is_safe(void **state)
{
	static const struct {
		const char *glibc;
		size_t found;
	} cases[] = { { "2.31", 2 }, { "2.32", 1 }, { "2.36", 1 }, { "3.0", 1 }, { "1.99", 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sandbox s;
		const struct fact *f;

		sandbox_init(&s);
		s.glibc = cases[i].glibc;
		sandbox_unit(&s, "a.c", "",
			     "#include <string.h>\nconst char *f(char *s, int e)\n{\n"
			     "\treturn strtok(s, \" \") ? strerror(e) : s;\n}\n");
		sandbox_run(&s);
		assert_null(s.err);
		assert_int_equal(facts_count(&s.facts, "mt-unsafe-call"), cases[i].found);
		assert_non_null(sandbox_fact(&s, "mt-unsafe-call", "strtok"));
		f = sandbox_fact(&s, "mt-unsafe-call", "strerror");
		if (f)
			assert_string_equal(f->detail,
					    "strerror() is not thread-safe before glibc 2.32: it "
					    "returns a shared buffer");
		sandbox_clear(&s);
	}
}

#define SERVER                                                                                     \
	"#include <sys/socket.h>\n#include <unistd.h>\n#include <pthread.h>\n#include <poll.h>\n"  \
	"void *run(void *arg);\nvoid work(int fd);\n"

static void the_present_model_is_told(void **state)
{
	static const struct {
		const char *effect, *text;
	} cases[] = {
		{ "sequential", "int main(void) { return 0; }" },
		{ "sequential", /* a helper is no model */
		  "int main(void) { for (;;) if (!fork()) execlp(\"x\", \"x\", NULL); }" },
		{ "sequential", /* nor is waiting for one descriptor */
		  "int main(void) { struct pollfd p = { 0 }; for (;;) poll(&p, 1, 9); }" },
		{ "threads", "int main(void) { pthread_t t; pthread_create(&t, 0, run, 0); }" },
		{ "thread-pool", "int main(void) { pthread_t t; for (int i = 0; i < 4; i++) "
				 "pthread_create(&t, 0, run, 0); }" },
		{ "thread-pool",
		  "static void start(void) { pthread_t t; pthread_create(&t, 0, run, 0); }\n"
		  "int main(void) { for (int i = 0; i < 4; i++) start(); }" },
		{ "thread-per-connection",
		  "int main(void) { for (;;) { pthread_t t; int fd = accept(3, 0, 0); "
		  "pthread_create(&t, 0, run, (void *)(long)fd); } }" },
		{ "process-per-connection", "int main(void) { for (;;) { int fd = accept(3, 0, 0); "
					    "if (!fork()) work(fd); } }" },
		{ "processes",
		  "int main(void) { for (int i = 0; i < 4; i++) if (!fork()) work(i); }" },
		{ "prefork",
		  "static void next(void) { work(accept(3, 0, 0)); }\n"
		  "static void child(void) { for (;;) next(); }\n"
		  "int main(void) { for (int i = 0; i < 4; i++) if (!fork()) child(); }" },
		{ "prefork", /* the child is named by a pointer, and another one execs */
		  "static void child(void) { accept(3, 0, 0); }\n"
		  "static void helper(void) { execlp(\"x\", \"x\", NULL); }\n"
		  "static void spawn(void (*run)(void)) { if (!fork()) run(); }\n"
		  "int main(void) { spawn(helper); for (int i = 0; i < 4; i++) spawn(child); }" },
		{ "event-loop",
		  "int main(void) { struct pollfd p[9] = { 0 }; for (;;) poll(p, 9, -1); }" },
		{ "hybrid", "int main(void) { pthread_t t; struct pollfd p[9] = { 0 }; "
			    "pthread_create(&t, 0, run, 0); for (;;) poll(p, 9, -1); }" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CLEANUP(cleanup_free) char *text = xasprintf(SERVER "%s\n", cases[i].text);
		struct sandbox s;
		const struct fact *f;

		sandbox_init(&s);
		sandbox_unit(&s, "a.c", "", text);
		sandbox_run(&s);
		assert_int_equal(s.facts.failures.n, 0);
		assert_int_equal(facts_count(&s.facts, "present-model"), 1);
		f = sandbox_fact(&s, "present-model", "main");
		if (strcmp(f->effect, cases[i].effect) != 0)
			fail_msg("%s is called %s", cases[i].text, f->detail);
		assert_int_equal(f->sites.n > 0, strcmp(f->effect, "sequential") != 0);
		sandbox_clear(&s);
	}
}

/* Two programs of many share a file: what one starts, by a wrapper or in a table of many, the other has
 * not. */
static void each_program_has_its_own_model(void **state)
{
	struct sandbox s;
	int server = 0, tool = 0;

	(void)state;
	sandbox_init(&s);
	for (int i = 0; i < 70; i++) {
		char name[16];

		snprintf(name, sizeof(name), "other%d.c", i);
		sandbox_unit(&s, name, "", "int main(void) { return 0; }\n");
	}
	sandbox_unit(
		&s, "shared.c", "",
		"#include <pthread.h>\n#include <poll.h>\n"
		"void *loop(void *p) { for (;;) poll(p, 9, -1); }\n"
		"void start(void *(*run)(void *)) { pthread_t t; pthread_create(&t, 0, run, 0); }\n"
		"int twice(int n) { return 2 * n; }\n");
	sandbox_unit(&s, "server.c", "",
		     "void *loop(void *); void start(void *(*)(void *));\n"
		     "int main(void) { start(loop); return 0; }\n");
	sandbox_unit(&s, "tool.c", "", "int twice(int);\nint main(void) { return twice(2); }\n");
	sandbox_run(&s);
	vec_each (&s.facts, f) {
		if (strcmp(f->check, "present-model") != 0)
			continue;
		server += !strcmp(f->file, "server.c") && !strcmp(f->effect, "hybrid");
		tool += !strcmp(f->file, "tool.c") && !strcmp(f->effect, "sequential");
	}
	assert_int_equal(server, 1);
	assert_int_equal(tool, 1);
	sandbox_clear(&s);
}

/* A lock whose functions concur cannot know, and a library's function that does not wait here. */
static void a_project_tells_of_its_functions(void **state)
{
	struct sandbox s;

	(void)state;
	sandbox_init(&s);
	sandbox_unit(&s, "a.c", "",
		     "#include <unistd.h>\nvoid hold(int *l) { while (__sync_lock_test_and_set(l, "
		     "1)) ; }\n"
		     "void let(int *l) { __sync_lock_release(l); }\n"
		     "void f(int *l) { hold(l); sleep(1); let(l); usleep(1); }\n");
	sandbox_run(&s);
	assert_null(s.err);
	assert_null(sandbox_fact(&s, "blocking-under-lock", NULL));
	assert_non_null(sandbox_fact(&s, "blocking-call", "usleep"));
	facts_clear(&s.facts);
	sandbox_file(&s, ".concur.yaml",
		     "functions:\n  - {name: hold, effects: acquire}\n"
		     "  - {name: let, effects: release}\n  - {name: usleep, effects: []}\n");
	sandbox_run(&s);
	assert_null(s.err);
	assert_non_null(sandbox_fact(&s, "blocking-under-lock", "sleep"));
	assert_null(sandbox_fact(&s, "blocking-call", "usleep"));
	facts_clear(&s.facts);
	sandbox_file(&s, ".concur.yaml", "functions:\n  - {name: hold, efects: acquire}\n");
	sandbox_run(&s);
	assert_non_null(s.err);
	assert_non_null(strstr(s.err->message, ".concur.yaml:2: unknown key \"efects\""));
	sandbox_clear(&s);
}

static void a_loop_waits_in_each_round_or_in_some(void **state)
{
	static const struct {
		const char *body, *says;
	} cases[] = {
		{ "sleep(1);", "each round calls sleep()" },
		{ "if (i == 3) sleep(1);", "a round may call sleep()" },
		{ "if (i == 3) continue; sleep(1);", "a round may call sleep()" },
		{ "if (i == 3) break; sleep(1);", "a round may call sleep()" },
		{ "for (int k = 0; k < i; k++) if (k == 3) break; sleep(1);",
		  "each round calls sleep()" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		CLEANUP(cleanup_free)
		char *text = xasprintf("#include <unistd.h>\nvoid f(int n)\n"
				       "{ for (int i = 0; i < n; i++) { %s } }\n",
				       cases[i].body);
		const struct fact *f;
		struct sandbox s;

		sandbox_init(&s);
		sandbox_unit(&s, "a.c", "", text);
		sandbox_run(&s);
		assert_null(s.err);
		f = sandbox_fact(&s, "io-loop", "sleep");
		assert_non_null(f);
		assert_non_null(strstr(f->detail, cases[i].says));
		sandbox_clear(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_c_library_decides_what_is_safe),
		cmocka_unit_test(the_present_model_is_told),
		cmocka_unit_test(each_program_has_its_own_model),
		cmocka_unit_test(a_project_tells_of_its_functions),
		cmocka_unit_test(a_loop_waits_in_each_round_or_in_some),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
