/*
 * Waits for a peer that takes its time: ./sockets tcp|unix|udp [COUNT [MICROSECONDS]]
 * The peer is a thread of its own, which sleeps before each answer.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "truth.h"

static int count = 30;
static long delay_us = 5000;

static void *peer(void *arg)
{
	int fd = *(int *)arg;
	struct timespec t = { .tv_nsec = delay_us * 1000 };
	char byte;

	for (int i = 0; i < count; i++) {
		TRUTH("network", recv(fd, &byte, 1, 0));
		TRUTH("sleep", nanosleep(&t, NULL));
		if (send(fd, &byte, 1, 0) != 1)
			truth_die("send");
	}
	return NULL;
}

static void connect_tcp(int fds[2])
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &length) ||
	    connect(fds[0], (struct sockaddr *)&address, length))
		truth_die("loopback");
	fds[1] = accept(listener, NULL, NULL);
	close(listener);
}

static void connect_udp(int fds[2])
{
	struct sockaddr_in address[2];
	socklen_t length = sizeof(address[0]);

	for (int i = 0; i < 2; i++) {
		address[i] = (struct sockaddr_in){ .sin_family = AF_INET };
		address[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fds[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (bind(fds[i], (struct sockaddr *)&address[i], length) ||
		    getsockname(fds[i], (struct sockaddr *)&address[i], &length))
			truth_die("bind");
	}
	if (connect(fds[0], (struct sockaddr *)&address[1], length) ||
	    connect(fds[1], (struct sockaddr *)&address[0], length))
		truth_die("connect");
}

int main(int argc, char **argv)
{
	const char *family = argc > 1 ? argv[1] : "tcp";
	pthread_t thread;
	int fds[2];
	char byte = 'x';

	count = argc > 2 ? atoi(argv[2]) : count;
	delay_us = argc > 3 ? atol(argv[3]) : delay_us;
	if (!strcmp(family, "unix")) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
			truth_die("socketpair");
	} else if (!strcmp(family, "udp")) {
		connect_udp(fds);
	} else {
		connect_tcp(fds);
	}
	pthread_create(&thread, NULL, peer, &fds[1]);
	for (int i = 0; i < count; i++) {
		if (send(fds[0], &byte, 1, 0) != 1)
			truth_die("send");
		TRUTH("network", recv(fds[0], &byte, 1, 0));
	}
	pthread_join(thread, NULL);
	truth_print();
	return 0;
}
