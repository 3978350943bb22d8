/*
 * target_workload.h - a workload made of one of tests/fixtures/targets
 */
#ifndef TEST_TARGET_WORKLOAD_H
#define TEST_TARGET_WORKLOAD_H

#include "model/workload.h"
#include "profiler/trial.h"

struct job {
	struct target target;
	struct workload workload;
};

/* `target` ARG {} for the tasks "1" to "n"; ARG may be NULL. Paths with a slash are taken as they
 * are. */
void job_init(struct job *job, const char *target, const char *arg, size_t n);
void job_clear(struct job *job);
struct trial_plan job_plan(const struct job *job, enum trial_way way, int workers);

/* Fail the test unless this process has no children and as many descriptors as before. */
int open_descriptors(void);
void assert_nothing_left(int descriptors_before);
/* Fail with the error's message. */
void assert_no_error(struct error *err);
/* The error's message contains `text`; frees it. */
void assert_error_says(struct error *err, enum error_class class, const char *text);

/* All tasks ran, and each answered as in the reference; `what` is for the message. */
void assert_answers(const char *what, const struct trial *reference, const struct trial *t);
/* The same, and nothing was in the way. */
void assert_same(const char *what, const struct trial *reference, const struct trial *t);

#endif
