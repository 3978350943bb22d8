/* Waits for any of several things: ./polls poll|select|epoll [COUNT] */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "truth.h"

static int wait_select(int fd)
{
	struct timeval t = { .tv_usec = 5000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &t);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "poll";
	int count = argc > 2 ? atoi(argv[2]) : 30, fds[2], epoll = epoll_create1(0);
	struct epoll_event event = { .events = EPOLLIN };
	struct pollfd wanted = { .events = POLLIN };

	if (pipe(fds) || epoll_ctl(epoll, EPOLL_CTL_ADD, fds[0], &event))
		truth_die("pipe");
	wanted.fd = fds[0];
	for (int i = 0; i < count; i++) {
		if (!strcmp(what, "poll"))
			TRUTH("poll", poll(&wanted, 1, 5));
		else if (!strcmp(what, "select"))
			TRUTH("poll", wait_select(fds[0]));
		else
			TRUTH("poll", epoll_wait(epoll, &event, 1, 5));
	}
	truth_print();
	return 0;
}
