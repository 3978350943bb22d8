/*
 * lock LEDGER:N: write entry N of a ledger
 *
 * The ledger is one file under one lock; its checksum, in the first line, covers all of it, so that
 * whoever writes must read all of it first. Only the letter that goes with the entry is made outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "task.h"

#define LINE 64

static unsigned checksum(const char *data, size_t len, unsigned h)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)data[i]) * 16777619u;
	return h;
}

static void enter(const char *path, unsigned entry, const char *line)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	char head[LINE + 1];
	struct stat st;
	char *data;

	if (fd < 0 || flock(fd, LOCK_EX) || fstat(fd, &st))
		task_die(path, strerror(errno));
	data = malloc((size_t)st.st_size);
	if (!data || pread(fd, data, (size_t)st.st_size, 0) != st.st_size ||
	    st.st_size < (off_t)(entry + 2) * LINE)
		task_die(path, "is no ledger with such an entry");
	memcpy(data + (size_t)(entry + 1) * LINE, line, LINE);
	snprintf(head, sizeof(head), "%*u\n", LINE - 1,
		 checksum(data + LINE, (size_t)st.st_size - LINE, 0));
	if (pwrite(fd, line, LINE, (off_t)(entry + 1) * LINE) != LINE ||
	    pwrite(fd, head, LINE, 0) != LINE)
		task_die(path, strerror(errno));
	free(data);
	close(fd); /* and the lock with it */
}

void task_run(const char *task, FILE *out)
{
	const char *colon = strrchr(task, ':');
	char path[4096], line[LINE + 1];
	unsigned entry, seal = 0;

	if (!colon || colon - task >= (long)sizeof(path))
		task_die(task, "is not LEDGER:N");
	memcpy(path, task, (size_t)(colon - task));
	path[colon - task] = '\0';
	entry = (unsigned)strtoul(colon + 1, NULL, 10);
	for (int i = 0; i < 8000; i++)
		seal = checksum(path, strlen(path), seal + entry);
	snprintf(line, sizeof(line), "%-*u\n", LINE - 1, entry);
	enter(path, entry, line);
	fprintf(out, "%u %08x\n", entry, seal);
}
