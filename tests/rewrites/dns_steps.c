#include <string.h>

#include "dns.h"
#include "loop.h"
#include "task.h"

enum stage { STARTED, SENT, RECEIVED };

static void ask(struct flow *f)
{
	struct query *q = f->state;

	q->stage = SENT;
	flow_send(f, q->fd, q->packet, query_ask(q));
}

static void step(struct flow *f, int result)
{
	struct query *q = f->state;

	switch ((enum stage)q->stage) {
	case STARTED:
		query_open(q, f->task);
		ask(f);
		break;
	case SENT:
		if (result < 0)
			task_die("send", strerror(-result));
		q->stage = RECEIVED;
		flow_recv_within(f, q->fd, q->packet, sizeof(q->packet) - 1, DNS_WAIT_MS);
		break;
	case RECEIVED:
		if (query_read(q, result) != REPLY_ADDRESS) {
			ask(f);
			break;
		}
		query_finish(q, f->out);
		flow_end(f);
		break;
	}
}

const struct steps task_steps = { sizeof(struct query), step };
