#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "task.h"

void log_open(struct log *l, const char *path)
{
	l->path = path;
	l->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (l->fd < 0)
		task_die(path, strerror(errno));
}

size_t log_record(struct log *l)
{
	return (size_t)snprintf(l->record, sizeof(l->record), "%d %0*d\n", l->written++, 300, 7);
}

void log_finish(struct log *l, FILE *out)
{
	fprintf(out, "%s: %d records\n", strrchr(l->path, '/') + 1, l->written);
	close(l->fd);
}

void task_run(const char *task, FILE *out)
{
	struct log l = { 0 };

	log_open(&l, task);
	while (l.written < LOG_RECORDS) {
		size_t len = log_record(&l);

		if (write(l.fd, l.record, len) != (ssize_t)len || fsync(l.fd))
			task_die(task, strerror(errno));
	}
	log_finish(&l, out);
}
