/*
 * The reader of perf's ring buffer: records as the kernel writes them, cut, mixed up and made up.
 * What decodes is booked, so that the accounts meet every order of events as well: their parts must
 * add up to the whole whatever comes.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "profiler/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void book(struct account *account, struct event *event, const struct decode_parts *parts)
{
	if (event->type == EVENT_NONE)
		return;
	if (event->type == EVENT_STACK)
		event->site = sites_stack(account->sites, parts->ips, parts->n);
	event->time_ns %=
		1000000000; /* sums of lives must not overflow; nor do they in 500 years */
	event->tid %= 8;
	event->pid %= 4;
	account_event(account, event);
}

static void check(struct account *account, struct sites *sites)
{
	struct wait_profile waits = { 0 };
	struct wait_sites longest = { 0 };

	account_finish(account, 1000000001);
	waits.wall_ns = account->sums.wall_ns;
	waits.user_ns = account->sums.on_cpu_ns;
	waits.runqueue_ns = account->sums.runqueue_ns;
	waits.unknown_ns = account->sums.unknown_ns;
	sites_sum(sites, &waits, 32, &longest); /* stacks have no names here: they are unknown */
	if (!wait_profile_adds_up(&waits))
		abort();
	vec_each (&longest, site)
		free(site->symbol);
	vec_clear(&longest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t waker_ids[] = { 79, 80 };
	const struct decode_ids ids = { .waking = { 77, 24 },
					.woken = { 78, 16 },
					.wakers = { .items = waker_ids, .n = 2 } };
	struct sites sites = { 0 };
	struct account account = { .root = 1, .sites = &sites };
	uint64_t *record =
		xmalloc(size + 8); /* exactly as long, so that ASan sees what lies behind */

	account.skip_root = size % 2;
	account_start(&account, 1);
	while (size >= sizeof(struct perf_event_header)) {
		struct decode_parts parts;
		struct event event;
		uint16_t step;

		memcpy(&step, data + offsetof(struct perf_event_header, size), sizeof(step));
		if (step < sizeof(struct perf_event_header) || step > size)
			step = (uint16_t)(size > UINT16_MAX ? UINT16_MAX : size);
		memcpy(record, data, step);
		if (decode_record(record, step, &ids, &event, &parts))
			book(&account, &event, &parts);
		data += step;
		size -= step;
	}
	check(&account, &sites);
	account_clear(&account);
	sites_clear(&sites);
	free(record);
	return 0;
}
