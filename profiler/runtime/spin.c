/*
 * spin.c - the ceiling: what the machine can give right now
 *
 * One thread counts for a while alone, then all count at the same time, then one alone again; their
 * sum over the better of the two is the speedup that nothing can exceed. Each has a core to itself:
 * asked is how much of every core we can get, not how soon the scheduler would spread the spinners.
 * The clock of all starts before any of them asks for its core: waiting for a core is the answer too.
 * Runs in the host, so that the scheduler treats them as it treats the trials.
 */
#include <pthread.h>

#include "profiler/runtime/host.h"

#define SPIN_NS 20000000

struct spinner {
	pthread_t thread;
	uint32_t index;
	uint64_t turns;
	uint64_t ns;
};

static pthread_barrier_t barrier;

/* Of those that count at the same time. */
// concur: ignore[shared-state] written by one thread while the others wait at the barrier
static uint64_t start_ns;

/* Turns of a loop until a fixed time after `start`; the clock is asked rarely. */
static void spin(struct spinner *s, uint64_t start)
{
	uint64_t now;
	volatile uint64_t x = 1;

	s->turns = 0;
	do {
		for (int i = 0; i < 2000; i++)
			x = x * 6364136223846793005u + 1;
		s->turns++;
		now = host_now_ns();
	} while (now - start < SPIN_NS);
	s->ns = now - start;
}

static void *work(void *arg)
{
	struct spinner *s = arg;

	pthread_barrier_wait(&barrier);
	host_place(s->index);
	spin(s, start_ns);
	return NULL;
}

static double rate(const struct spinner *s)
{
	return (double)s->turns / (double)s->ns;
}

enum result_end spin_run(const struct host *h)
{
	uint32_t n = h->plan->workers;
	struct spinner *spinners = host_memory(n * sizeof(*spinners));
	struct spinner alone, again;
	double sum = 0, one;

	if (!n || !spinners || pthread_barrier_init(&barrier, NULL, n + 1))
		return RESULT_CANNOT_START;
	spin(&alone, host_now_ns());
	for (uint32_t i = 0; i < n; i++) {
		spinners[i].index = i;
		if (pthread_create(&spinners[i].thread, NULL, work, &spinners[i]))
			return RESULT_CANNOT_START; /* the others end with the process */
	}
	start_ns = host_now_ns();
	pthread_barrier_wait(&barrier);
	for (uint32_t i = 0; i < n; i++) {
		pthread_join(spinners[i].thread, NULL);
		sum += rate(&spinners[i]);
	}
	spin(&again, host_now_ns());
	one = rate(&alone) > rate(&again) ? rate(&alone) : rate(&again);
	h->result->spin_permille = (uint64_t)(1000 * sum / one);
	return RESULT_DONE;
}
