#include "talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "task.h"

void talk_to(struct talk *t, const char *where)
{
	char address[32];
	unsigned short port;

	if (sscanf(where, "%31[^:]:%hu/%63[a-z0-9-]", address, &port, t->name) != 3 ||
	    inet_pton(AF_INET, address, &t->service.sin_addr) != 1)
		task_die(where, "is not ADDRESS:PORT/NAME");
	t->service.sin_family = AF_INET;
	t->service.sin_port = htons(port);
}

void talk_open(struct talk *t)
{
	t->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		task_die("socket", strerror(errno));
}

size_t talk_ask(struct talk *t)
{
	t->used = 0;
	return (size_t)snprintf(t->request, sizeof(t->request), "%s %d %d\n", t->name, t->done,
				talk_job.bytes);
}

int talk_complete(struct talk *t, ssize_t n)
{
	if (n <= 0)
		task_die("recv", n < 0 ? strerror(errno) : "the service closed the connection");
	t->used += (size_t)n;
	if (t->reply[t->used - 1] == '\n') {
		t->reply[t->used - 1] = '\0';
		return 1;
	}
	if (t->used == sizeof(t->reply))
		task_die("recv", "the reply is too long");
	return 0;
}

void talk_use(struct talk *t)
{
	talk_job.use(t);
	t->done++;
	memcpy(t->last, t->reply, t->used);
}

void talk_finish(struct talk *t, FILE *out)
{
	close(t->fd);
	fprintf(out, "%s: %d replies, %08lx\n", t->name, t->done, t->sum);
}

void task_run(const char *task, FILE *out)
{
	struct talk t = { 0 };

	talk_job.begin(&t, task);
	talk_open(&t);
	if (connect(t.fd, (struct sockaddr *)&t.service, sizeof(t.service)))
		task_die("connect", strerror(errno));
	while (t.done < talk_job.requests) {
		size_t len = talk_ask(&t);
		ssize_t n;

		if (send(t.fd, t.request, len, MSG_NOSIGNAL) != (ssize_t)len)
			task_die("send", strerror(errno));
		do
			n = recv(t.fd, t.reply + t.used, sizeof(t.reply) - t.used, 0);
		while (!talk_complete(&t, n));
		talk_use(&t);
	}
	talk_finish(&t, out);
}
