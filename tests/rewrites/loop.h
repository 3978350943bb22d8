/*
 * loop.h - the event loop of the async and hybrid forms, over io_uring
 *
 * A flow is one task on its way. task_steps.step() is called when the flow starts and whenever what
 * it asked for has ended, with the result (as the system call's, errors negative); each time it
 * asks for exactly one thing more, or ends the flow. A job that never waits has no steps: its
 * task_run() is then one piece of work.
 *
 * One thread runs all steps. flow_work() runs there too in the async form; in the hybrid form a
 * thread of the pool takes it, and the flow goes on in the loop afterwards.
 */
#ifndef LOOP_H
#define LOOP_H

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>

struct flow {
	const char *task;
	FILE *out;
	void *state; /* task_steps.state_size bytes, zero at the start */
	struct loop *loop;
	size_t index;
	void (*work)(struct flow *f);
	struct flow *next;
};

struct steps {
	size_t state_size;
	void (*step)(struct flow *f, int result);
};

extern const struct steps task_steps;

void flow_connect(struct flow *f, int fd, const struct sockaddr *addr, socklen_t len);
void flow_send(struct flow *f, int fd, const void *data, size_t len);
void flow_recv(struct flow *f, int fd, void *data, size_t len);
/* -ECANCELED: nothing came within ms. */
void flow_recv_within(struct flow *f, int fd, void *data, size_t len, int ms);
void flow_write(struct flow *f, int fd, const void *data, size_t len);
void flow_fsync(struct flow *f, int fd);
void flow_work(struct flow *f, void (*work)(struct flow *f));
void flow_end(struct flow *f);

struct answer {
	char *text;
	size_t len;
};

/* All tasks, in_flight at a time; `pool` threads for the work, 0: none. */
void loop_run(char *const *tasks, size_t n, int in_flight, int pool, struct answer *answers);

#endif
