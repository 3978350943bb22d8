#include <string.h>

#include "log.h"
#include "loop.h"
#include "task.h"

enum stage { STARTED, WRITTEN, SYNCED };

static void write_next(struct flow *f)
{
	struct log *l = f->state;

	if (l->written == LOG_RECORDS) {
		log_finish(l, f->out);
		flow_end(f);
		return;
	}
	l->stage = WRITTEN;
	flow_write(f, l->fd, l->record, log_record(l));
}

static void step(struct flow *f, int result)
{
	struct log *l = f->state;

	if (result < 0)
		task_die(f->task, strerror(-result));
	switch ((enum stage)l->stage) {
	case STARTED:
		log_open(l, f->task);
		write_next(f);
		break;
	case WRITTEN:
		if (result != (int)strlen(l->record))
			task_die(f->task, "short write");
		l->stage = SYNCED;
		flow_fsync(f, l->fd);
		break;
	case SYNCED:
		write_next(f);
		break;
	}
}

const struct steps task_steps = { sizeof(struct log), step };
