#include <errno.h>
#include <string.h>

#include "loop.h"
#include "talk.h"
#include "task.h"

enum stage { STARTED, BEGUN, CONNECTED, SENT, RECEIVED, USED };

static void begin(struct flow *f)
{
	talk_job.begin(f->state, f->task);
}

static void use(struct flow *f)
{
	talk_use(f->state);
}

static void step(struct flow *f, int result);

static void work(struct flow *f, void (*what)(struct flow *f))
{
	if (!talk_job.light) {
		flow_work(f, what);
		return;
	}
	what(f);
	step(f, 0);
}

static void ask(struct flow *f)
{
	struct talk *t = f->state;

	if (t->done == talk_job.requests) {
		talk_finish(t, f->out);
		flow_end(f);
		return;
	}
	t->stage = SENT;
	flow_send(f, t->fd, t->request, talk_ask(t));
}

static void receive(struct flow *f)
{
	struct talk *t = f->state;

	t->stage = RECEIVED;
	flow_recv(f, t->fd, t->reply + t->used, sizeof(t->reply) - t->used);
}

static void step(struct flow *f, int result)
{
	struct talk *t = f->state;

	errno = result < 0 ? -result : 0;
	switch ((enum stage)t->stage) {
	case STARTED:
		t->stage = BEGUN;
		work(f, begin);
		break;
	case BEGUN:
		t->stage = CONNECTED;
		talk_open(t);
		flow_connect(f, t->fd, (struct sockaddr *)&t->service, sizeof(t->service));
		break;
	case CONNECTED:
		if (result < 0)
			task_die("connect", strerror(-result));
		ask(f);
		break;
	case SENT:
		if (result != (int)strlen(t->request))
			task_die("send", strerror(errno));
		receive(f);
		break;
	case RECEIVED:
		if (!talk_complete(t, result)) {
			receive(f);
			break;
		}
		t->stage = USED;
		work(f, use);
		break;
	case USED:
		ask(f);
		break;
	}
}

const struct steps task_steps = { sizeof(struct talk), step };
