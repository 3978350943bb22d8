#include "target_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"

void job_init(struct job *job, const char *target, const char *arg, size_t n)
{
	*job = (struct job){ 0 };
	job->target.program = strchr(target, '/') ? xstrdup(target) : path_join(TARGETS, target);
	strings_add(&job->workload.argv, job->target.program);
	if (arg)
		strings_add(&job->workload.argv, arg);
	strings_add(&job->workload.argv, "{}");
	for (size_t i = 1; i <= n; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%zu", i);
		strings_add(&job->workload.tasks, text);
	}
}

void job_clear(struct job *job)
{
	target_clear(&job->target);
	workload_clear(&job->workload);
}

struct trial_plan job_plan(const struct job *job, enum trial_way way, int workers)
{
	return (struct trial_plan){ .target = &job->target,
				    .workload = &job->workload,
				    .way = way,
				    .workers = workers,
				    .timeout_ns = 60000000000ull };
}

int open_descriptors(void)
{
	CLEANUP(cleanup_dir) DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	return n;
}

void assert_nothing_left(int descriptors_before)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(open_descriptors(), descriptors_before);
}

void assert_no_error(struct error *err)
{
	if (err)
		fail_msg("%s", err->message);
}

void assert_error_says(struct error *err, enum error_class class, const char *text)
{
	assert_non_null(err);
	if (!strstr(err->message, text))
		fail_msg("\"%s\" does not say \"%s\"", err->message, text);
	assert_int_equal(err->class, class);
	error_free(err);
}

void assert_answers(const char *what, const struct trial *reference, const struct trial *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct task_result *was = &reference->tasks[i % reference->n];
		const struct task_result *is = &t->tasks[i];

		assert_true(is->ran);
		if (is->status != was->status || is->stdout_bytes != was->stdout_bytes ||
		    !digest_equal(is->stdout_digest, was->stdout_digest))
			fail_msg("%s, task %zu: status %x bytes %llu, alone %x and %llu; %s", what,
				 i + 1, (unsigned)is->status, (unsigned long long)is->stdout_bytes,
				 (unsigned)was->status, (unsigned long long)was->stdout_bytes,
				 t->stderr_tail ? t->stderr_tail : "");
	}
}

void assert_same(const char *what, const struct trial *reference, const struct trial *t)
{
	if (t->outcome != OUTCOME_OK)
		fail_msg("%s: %s", what, t->why);
	assert_answers(what, reference, t);
}
