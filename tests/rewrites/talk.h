/*
 * talk.h - tasks that ask a service several things over one connection (fetch, api, parse)
 *
 * A request is a line, so is its reply. talk.c does it in blocking calls, talk_steps.c as steps of
 * an event loop; what the three jobs do before and between is in their tables, talk_job.
 */
#ifndef TALK_H
#define TALK_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>

#define TALK_NAME  64
#define TALK_REPLY 8192

struct talk {
	struct sockaddr_in service;
	char name[TALK_NAME]; /* what is asked for; with the number of the request */
	int fd, done;
	int stage; /* talk_steps.c */
	char request[TALK_NAME + 32];
	char reply[TALK_REPLY], last[TALK_REPLY]; /* this and the one before, without the newline */
	size_t used;
	unsigned long sum;
};

extern const struct talk_job {
	int requests;
	int bytes; /* of each reply */
	/* From the task to service and name, by talk_to(). */
	void (*begin)(struct talk *t, const char *task);
	/* A reply has come: make something of it. */
	void (*use)(struct talk *t);
	int light; /* neither takes long enough to be handed to a pool */
} talk_job;

/* "ADDRESS:PORT/NAME" */
void talk_to(struct talk *t, const char *where);
/* Opens the socket, and writes the next request: length. */
void talk_open(struct talk *t);
size_t talk_ask(struct talk *t);
/* So many more bytes came: is the reply complete? */
int talk_complete(struct talk *t, ssize_t n);
void talk_use(struct talk *t);
void talk_finish(struct talk *t, FILE *out);

#endif
