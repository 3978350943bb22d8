#include "profiler/harnesses.h"

#include <assert.h>

const struct harness harnesses[] = {
	{ "sequential", MODEL_SEQUENTIAL, TRIAL_EXEC, true, "sequential", "process per task",
	  "one fresh process after another" },
	{ "threads", MODEL_THREADS, TRIAL_COPIES, false, "threads", "private copies",
	  "W threads of one process, each with its own copy of the program's data" },
	{ "async", MODEL_ASYNC, TRIAL_ASYNC, false, "async", "private copies",
	  "W tasks in flight on one thread over io_uring, each with its own copy of the data" },
	{ "hybrid", MODEL_HYBRID, TRIAL_HYBRID, false, "async + thread pool", "private copies",
	  "the same, and a thread for each core that runs long slices of CPU time" },
	{ "processes", MODEL_PROCESSES, TRIAL_EXEC, false, "processes", "process per task",
	  "W fresh processes at a time, as xargs -P W" },
};

const size_t harnesses_n = sizeof(harnesses) / sizeof(*harnesses);

const struct harness *harness_of(enum model model)
{
	for (size_t i = 0; i < harnesses_n; i++) {
		if (harnesses[i].model == model)
			return &harnesses[i];
	}
	assert(!"no harness for this model");
	return NULL;
}
