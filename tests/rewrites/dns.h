/*
 * dns.h - ask for a name over UDP, and for what it is an alias of, until there is an address
 *
 * A task is ADDRESS:PORT/NAME. What gets no answer is asked again. dns.c does it in blocking calls,
 * dns_steps.c as steps of an event loop.
 */
#ifndef DNS_H
#define DNS_H

#include <netinet/in.h>
#include <stdio.h>
#include <sys/types.h>

#define DNS_WAIT_MS 500
#define DNS_TRIES   4

struct query {
	struct sockaddr_in server;
	int fd;
	unsigned id;
	int tries;
	int stage; /* dns_steps.c */
	char name[128], asked[128];
	char packet[160];
};

/* A socket that is connected to the server: for UDP that sends nothing. */
void query_open(struct query *q, const char *task);
/* The packet that asks for the name: length. */
size_t query_ask(struct query *q);
/* It has a reply of n bytes, n < 0: none in time. Is there an address now? */
enum reply { REPLY_NONE, REPLY_ALIAS, REPLY_ADDRESS } query_read(struct query *q, ssize_t n);
void query_finish(struct query *q, FILE *out);

#endif
