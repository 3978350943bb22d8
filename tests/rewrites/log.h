/*
 * log.h - append a few records to a log, each on the disk before the next is begun
 *
 * A task is the path of the log. log.c does it in blocking calls, log_steps.c as steps of an event
 * loop.
 */
#ifndef LOG_H
#define LOG_H

#include <stddef.h>
#include <stdio.h>

#define LOG_RECORDS 5

struct log {
	const char *path;
	int fd, written;
	int stage; /* log_steps.c */
	char record[400];
};

void log_open(struct log *l, const char *path);
/* The next record: length. */
size_t log_record(struct log *l);
void log_finish(struct log *l, FILE *out);

#endif
