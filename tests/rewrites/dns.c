#include "dns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "task.h"

void query_open(struct query *q, const char *task)
{
	char address[32];
	unsigned short port;

	if (sscanf(task, "%31[^:]:%hu/%100[a-z0-9-]", address, &port, q->asked) != 3 ||
	    inet_pton(AF_INET, address, &q->server.sin_addr) != 1)
		task_die(task, "is not ADDRESS:PORT/NAME");
	strcpy(q->name, q->asked);
	q->server.sin_family = AF_INET;
	q->server.sin_port = htons(port);
	q->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (q->fd < 0 || connect(q->fd, (struct sockaddr *)&q->server, sizeof(q->server)))
		task_die("socket", strerror(errno));
}

size_t query_ask(struct query *q)
{
	q->id++;
	return (size_t)snprintf(q->packet, sizeof(q->packet), "%u %s", q->id, q->name);
}

enum reply query_read(struct query *q, ssize_t n)
{
	unsigned id;

	if (n < 0) {
		if (++q->tries == DNS_TRIES)
			task_die(q->asked, "no answer");
		return REPLY_NONE;
	}
	q->packet[n] = '\0';
	if (sscanf(q->packet, "%u %127s", &id, q->name) != 2 || id != q->id)
		return REPLY_NONE;
	return strncmp(q->name, "10.", 3) == 0 ? REPLY_ADDRESS : REPLY_ALIAS;
}

void query_finish(struct query *q, FILE *out)
{
	fprintf(out, "%s %s\n", q->asked, q->name);
	close(q->fd);
}

void task_run(const char *task, FILE *out)
{
	struct timeval limit = { .tv_usec = DNS_WAIT_MS * 1000 };
	struct query q = { 0 };
	enum reply reply = REPLY_NONE;

	query_open(&q, task);
	setsockopt(q.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while (reply != REPLY_ADDRESS) {
		size_t len = query_ask(&q);

		if (send(q.fd, q.packet, len, 0) != (ssize_t)len)
			task_die("send", strerror(errno));
		reply = query_read(&q, recv(q.fd, q.packet, sizeof(q.packet) - 1, 0));
	}
	query_finish(&q, out);
}
