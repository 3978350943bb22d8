/*
 * service - what the jobs ask over the network: service [--delay-us N]
 *
 * Listens on the loopback interface, TCP and UDP on one port, and prints ADDRESS:PORT. A reply
 * leaves a fixed time after its request came, however many others there are; it depends on the
 * request alone:
 *	TCP	"NAME K BYTES"	a line of BYTES bytes, words that follow from NAME and K
 *	UDP	"ID NAME"	"ID ALIAS" three times over, then "ID ADDRESS"
 * It ends with the process that started it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAITING_MAX 4096 /* requests */
#define REPLY_MAX   8192

/* All wait equally long: what came first is due first. */
static struct waiting {
	uint64_t due_ns;
	int fd; /* -1: the connection has gone */
	struct sockaddr_in from;
	char request[160];
} waiting[WAITING_MAX];
static unsigned first, last;

static int udp_fd = -1;
static uint64_t delay_ns = 5000000;

static void check(long result, const char *what)
{
	if (result >= 0)
		return;
	perror(what);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t hash(const char *s)
{
	uint64_t h = 14695981039346656037u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h ^ h >> 29;
}

static size_t words(char *to, size_t len, uint64_t seed)
{
	static const char letters[] = "etaoinshrdlu cmfwyp vbgk ";

	for (size_t i = 0; i + 1 < len; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		to[i] = letters[(seed >> 33) % (sizeof(letters) - 1)];
	}
	to[len - 1] = '\n';
	return len;
}

static size_t answer(const struct waiting *w, char *to)
{
	char name[100] = "", *dot;
	unsigned k = 0, id = 0, bytes = 0;

	if (w->fd != udp_fd) {
		sscanf(w->request, "%99s %u %u", name, &k, &bytes);
		return words(to, bytes < 2 || bytes > REPLY_MAX ? 2 : bytes, hash(name) + k);
	}
	sscanf(w->request, "%u %99s", &id, name);
	dot = strrchr(name, '.');
	if (!dot || atoi(dot + 1) < 3)
		return (size_t)sprintf(to, "%u %.*s.%d", id, dot ? (int)(dot - name) : 90, name,
				       dot ? atoi(dot + 1) + 1 : 1);
	return (size_t)sprintf(to, "%u 10.%u.%u.%u", id, (unsigned)(hash(name) >> 8 & 255),
			       (unsigned)(hash(name) >> 16 & 255),
			       (unsigned)(hash(name) >> 24 & 255));
}

static void reply(const struct waiting *w)
{
	char text[REPLY_MAX];
	size_t len = answer(w, text);

	if (w->fd >= 0 && sendto(w->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT,
				 w->fd == udp_fd ? (const struct sockaddr *)&w->from : NULL,
				 w->fd == udp_fd ? sizeof(w->from) : 0) != (ssize_t)len)
		perror("service: send");
}

static void leave(int fd)
{
	for (unsigned i = first; i != last; i++) {
		if (waiting[i % WAITING_MAX].fd == fd)
			waiting[i % WAITING_MAX].fd = -1;
	}
	close(fd);
}

static void take(int fd)
{
	struct waiting *w = &waiting[last % WAITING_MAX];
	socklen_t len = sizeof(w->from);
	ssize_t n = recvfrom(fd, w->request, sizeof(w->request) - 1, MSG_DONTWAIT,
			     (struct sockaddr *)&w->from, &len);

	if (n < 0 && (errno == EAGAIN || errno == ECONNREFUSED))
		return;
	if (n <= 0 || last - first == WAITING_MAX - 1) {
		if (fd != udp_fd)
			leave(fd);
		return;
	}
	w->request[n] = '\0';
	w->fd = fd;
	w->due_ns = now_ns() + delay_ns;
	last++;
}

static void watch(int epoll_fd, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	check(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void serve(int epoll_fd, int listener)
{
	struct epoll_event events[64];

	for (;;) {
		uint64_t now = now_ns();
		struct timespec left = { 0 };
		int n;

		while (first != last && waiting[first % WAITING_MAX].due_ns <= now)
			reply(&waiting[first++ % WAITING_MAX]);
		if (first != last) {
			uint64_t ns = waiting[first % WAITING_MAX].due_ns - now;

			left = (struct timespec){ (time_t)(ns / 1000000000),
						  (long)(ns % 1000000000) };
		}
		n = epoll_pwait2(epoll_fd, events, 64, first != last ? &left : NULL, NULL);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd != listener)
				take(fd);
			else if ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
				watch(epoll_fd, fd);
		}
	}
}

/* It stands for another machine: the scheduler weighs it as a session of its own, first in line
 * where that is allowed. */
static void stand_apart(void)
{
	FILE *group;

	setsid();
	group = fopen("/proc/self/autogroup", "w");
	if (!group)
		return;
	fputs("-20", group);
	fclose(group);
	prctl(PR_SET_TIMERSLACK, 1000);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int buffer = 4 << 20, epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t parent = getppid();

	if (argc == 3 && !strcmp(argv[1], "--delay-us"))
		delay_ns = strtoull(argv[2], NULL, 10) * 1000;
	else if (argc != 1)
		return 2;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return 0;
	stand_apart();
	check(bind(listener, (struct sockaddr *)&addr, len), "bind");
	check(listen(listener, SOMAXCONN), "listen");
	check(getsockname(listener, (struct sockaddr *)&addr, &len), "getsockname");
	udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	check(bind(udp_fd, (struct sockaddr *)&addr, len), "bind");
	setsockopt(udp_fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	watch(epoll_fd, listener);
	watch(epoll_fd, udp_fd);
	printf("127.0.0.1:%d\n", ntohs(addr.sin_port));
	fflush(stdout);
	serve(epoll_fd, listener);
}
