#include "profiler/harnesses.h"

#include <assert.h>

const struct harness harnesses[] = {
	{ "sequential", MODEL_SEQUENTIAL, TRIAL_EXEC, "sequential", "process per task",
	  "one fresh process after another", .one_worker = true },
	{ "threads", MODEL_THREADS, TRIAL_COPIES, "threads", "private copies",
	  "W threads of one process, each with its own copy of the program's data" },
	{ "shared", MODEL_THREADS, TRIAL_SHARED, "threads", "one shared image",
	  "W threads of one process that share the program's data", .shared = true },
	{ "async", MODEL_ASYNC, TRIAL_ASYNC, "async", "private copies",
	  "W tasks in flight on one thread over io_uring, each with its own copy of the data" },
	{ "hybrid", MODEL_HYBRID, TRIAL_HYBRID, "async + thread pool", "private copies",
	  "the same, and a thread for each core that runs long slices of CPU time" },
	{ "processes", MODEL_PROCESSES, TRIAL_EXEC, "processes", "process per task",
	  "W fresh processes at a time, as xargs -P W" },
	{ "prefork", MODEL_PROCESSES, TRIAL_PREFORK, "processes", "forked workers",
	  "W processes that have loaded the program, each taking task after task",
	  .processes = PROCESS_PREFORK },
	{ "fork", MODEL_PROCESSES, TRIAL_FORK, "processes", "fork per task",
	  "W processes that have loaded the program, each forking for each task",
	  .processes = PROCESS_FORK },
};

const size_t harnesses_n = sizeof(harnesses) / sizeof(*harnesses);

bool harness_fits(const struct harness *h, const struct workload *w)
{
	if (h->model == MODEL_THREADS)
		return h->shared == w->shared;
	return h->model != MODEL_PROCESSES || h->processes == w->processes;
}

const struct harness *harness_of(enum model model)
{
	for (size_t i = 0; i < harnesses_n; i++) {
		if (harnesses[i].model == model)
			return &harnesses[i];
	}
	assert(!"no harness for this model");
	return NULL;
}
