/*
 * peer - print a port, answer each connection's request 5 ms after it came, end with the process that started it
 */
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DELAY_NS 5000000
#define REPLY    512
#define WAITING  16384 /* a power of two */
#define FDS      65536

static struct due { /* oldest first, as all wait equally long */
	int fd;
	uint64_t ns;
} due[WAITING];
static unsigned first, last;
static char answered[FDS];

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void answer_due(int timer)
{
	static const char reply[REPLY] = "a reply";
	struct itimerspec at = { 0 };

	for (; first != last && due[first % WAITING].ns <= now_ns(); first++) {
		int fd = due[first % WAITING].fd;

		answered[fd] = 1;
		if (send(fd, reply, REPLY, MSG_NOSIGNAL) != REPLY)
			close(fd);
	}
	if (first != last) {
		at.it_value.tv_sec = (time_t)(due[first % WAITING].ns / 1000000000);
		at.it_value.tv_nsec = (long)(due[first % WAITING].ns % 1000000000);
	}
	timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL);
}

static void hear(int fd)
{
	uint32_t request;
	ssize_t n = recv(fd, &request, sizeof(request), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || answered[fd]) {
		close(fd);
		return;
	}
	due[last++ % WAITING] = (struct due){ fd, now_ns() + DELAY_NS };
}

static void add(int ep, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

int main(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t n = sizeof(addr);
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int ep = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct epoll_event events[256];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (bind(s, (struct sockaddr *)&addr, n) || listen(s, 4096) ||
	    getsockname(s, (struct sockaddr *)&addr, &n)) {
		perror("peer");
		return 1;
	}
	printf("%d\n", ntohs(addr.sin_port));
	fflush(stdout);
	add(ep, s);
	add(ep, timer);
	for (;;) {
		int got = epoll_wait(ep, events, 256, -1);

		for (int i = 0; i < got; i++) {
			int fd = events[i].data.fd, c;

			while (fd == s && (c = accept4(s, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
				if (c >= FDS) {
					close(c);
					continue;
				}
				answered[c] = 0;
				add(ep, c);
			}
			if (fd != s && fd != timer)
				hear(fd);
		}
		answer_due(timer);
	}
}
