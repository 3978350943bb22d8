/*
 * service - a small HTTP/1.1 service on the loopback interface that takes its time
 *
 *	GET /page/NAME            a page with links to a few items, after --delay-ms
 *	GET /item/NAME/K          some kilobytes of text, after --delay-ms
 *	GET /records/NAME         how many records the set has, after --record-delay-ms
 *	GET /records/NAME/K       one record of a few hundred bytes, after --record-delay-ms
 *
 * The answer depends on the path alone. A thread serves each connection, so that the delay is the
 * same for one client and for a hundred. It ends on SIGTERM, with its parent, and after --lifetime.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_REQUEST 4096
#define MAX_BODY    16384
#define RECORDS     30

static double delay_ms = 10, record_delay_ms = 0.6;

static uint64_t hash(const char *text)
{
	uint64_t h = 14695981039346656037u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211u;
	return h ^ h >> 29;
}

static unsigned next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* `len` bytes of words and lines that follow from the seed. */
static size_t text(char *to, size_t len, uint64_t seed)
{
	static const char *const words[] = { "kettle", "toast", "tea",  "spoon", "market", "river",
					     "window", "lamp",  "road", "stone", "letter", "garden",
					     "bread",  "north", "coat", "seven" };
	size_t used = 0;

	while (used < len) {
		const char *word = words[next(&seed) % 16];
		size_t n = strlen(word);

		if (n > len - used)
			n = len - used;
		memcpy(to + used, word, n);
		used += n;
		if (used < len)
			to[used++] = next(&seed) % 9 ? ' ' : '\n';
	}
	return len;
}

/* Consecutive records of a set differ in a few places, as lines of a log do. */
static size_t record(char *to, const char *set, unsigned k)
{
	uint64_t seed = hash(set);
	size_t len = text(to, 980 + next(&seed) % 80, seed);

	seed += k * 7919;
	for (int i = 0; i < 80; i++)
		to[next(&seed) % len] = 'a' + next(&seed) % 26;
	return len;
}

static size_t page(char *to, const char *name)
{
	unsigned links = 3 + hash(name) % 3;
	size_t used = sprintf(to, "<html><title>%s</title><body>\n", name);

	for (unsigned k = 0; k < links; k++)
		used += sprintf(to + used, "<a href=\"/item/%s/%u\">%u</a>\n", name, k, k);
	return used + sprintf(to + used, "</body></html>\n");
}

/* Fills `body` and returns its length, or -1 when there is no such path. */
static int answer(const char *path, char *body, double *wait_ms)
{
	char name[128];
	unsigned k;
	char rest;

	*wait_ms = delay_ms;
	if (sscanf(path, "/page/%127[a-z0-9-]%c", name, &rest) == 1)
		return page(body, name);
	if (sscanf(path, "/item/%127[a-z0-9-]/%u%c", name, &k, &rest) == 2)
		return text(body, 2000 + hash(path) % 8000, hash(path));
	*wait_ms = record_delay_ms;
	if (sscanf(path, "/records/%127[a-z0-9-]/%u%c", name, &k, &rest) == 2 && k < RECORDS)
		return record(body, name, k);
	if (sscanf(path, "/records/%127[a-z0-9-]%c", name, &rest) == 1)
		return sprintf(body, "%d\n", RECORDS);
	return -1;
}

static void wait_until(struct timespec from, double ms)
{
	long ns = from.tv_nsec + (long)(ms * 1e6);

	from.tv_sec += ns / 1000000000;
	from.tv_nsec = ns % 1000000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &from, NULL) == EINTR)
		;
}

static int send_all(int fd, const char *data, size_t len, int flags)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL | flags);

		if (n < 0)
			return -1;
		data += n;
		len -= n;
	}
	return 0;
}

static int serve_request(int fd, const char *request, struct timespec arrived)
{
	char path[256] = "", head[256], body[MAX_BODY];
	double wait_ms;
	int len, head_len;

	sscanf(request, "GET %255s", path);
	len = answer(path, body, &wait_ms);
	head_len = snprintf(head, sizeof(head),
			    "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n",
			    len < 0 ? "404 Not Found" : "200 OK", len < 0 ? 0 : len);
	wait_until(arrived, wait_ms);
	if (send_all(fd, head, head_len, len > 0 ? MSG_MORE : 0))
		return -1;
	return len > 0 ? send_all(fd, body, len, 0) : 0;
}

static void *serve_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char request[MAX_REQUEST + 1];
	size_t used = 0;
	ssize_t n;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	while (used < MAX_REQUEST && (n = recv(fd, request + used, MAX_REQUEST - used, 0)) > 0) {
		struct timespec now;
		char *end;

		clock_gettime(CLOCK_MONOTONIC, &now);
		used += n;
		request[used] = '\0';
		while ((end = strstr(request, "\r\n\r\n"))) {
			size_t len = end + 4 - request;

			if (serve_request(fd, request, now))
				goto out;
			memmove(request, request + len, used - len + 1);
			used -= len;
		}
	}
out:
	close(fd);
	return NULL;
}

static void quit(int sig)
{
	(void)sig;
	_exit(0);
}

static int listen_on(int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, SOMAXCONN)) {
		fprintf(stderr, "service: cannot listen on port %d: %s\n", port, strerror(errno));
		exit(1);
	}
	getsockname(fd, (struct sockaddr *)&addr, &len);
	printf("http://127.0.0.1:%d\n", ntohs(addr.sin_port));
	fflush(stdout);
	return fd;
}

static void accept_forever(int listener)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 128 * 1024);
	for (;;) {
		pthread_t thread;
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0 &&
		    pthread_create(&thread, &attr, serve_connection, (void *)(intptr_t)fd))
			close(fd);
		if (fd < 0 && errno == EMFILE)
			usleep(1000);
	}
}

/*
 * It stands for a machine of its own, which what runs here does not slow down: an own session, first
 * in line where that is allowed (root, and a kernel with autogroups).
 */
static void stand_apart(void)
{
	FILE *group;

	setsid();
	group = fopen("/proc/self/autogroup", "w");
	if (!group)
		return;
	fputs("-20", group);
	fclose(group);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "port", required_argument, 0, 'p' },
						 { "delay-ms", required_argument, 0, 'd' },
						 { "record-delay-ms", required_argument, 0, 'r' },
						 { "lifetime", required_argument, 0, 'l' },
						 { 0 } };
	pid_t parent = getppid();
	int port = 0, lifetime = 600, opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'p')
			port = atoi(optarg);
		else if (opt == 'd')
			delay_ms = atof(optarg);
		else if (opt == 'r')
			record_delay_ms = atof(optarg);
		else if (opt == 'l')
			lifetime = atoi(optarg);
		else
			return 2;
	}
	signal(SIGTERM, quit);
	signal(SIGALRM, quit);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return 0;
	alarm(lifetime);
	stand_apart();
	accept_forever(listen_on(port));
}
