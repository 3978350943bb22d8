#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY      512
#define LIGHT      60   /* rounds of compute(): about 20 us */
#define HEAVY      1500 /* about 500 us */
#define FILE_BYTES 65536
#define BLOCK      16384
#define BIG_BYTES  (64u << 20)
#define SECTOR     4096
#define SECTORS    8 /* read by one task of `direct` */

const char *job_dir;
unsigned job_port;
static int rounds;

void die(const char *what)
{
	fprintf(stderr, "job: %s: %s\n", what, strerror(errno));
	_exit(1);
}

void worker_init(struct worker *w, unsigned index)
{
	*w = (struct worker){ .index = index, .fd = -1 };
	w->buffer = aligned_alloc(4096, BLOCK);
	memset(w->buffer, 'w', BLOCK);
}

static void hash(struct worker *w, unsigned n)
{
	const uint64_t *p = (const void *)w->buffer;

	for (unsigned i = 0; i < n / 8; i++)
		w->sum = (w->sum ^ p[i]) * 0x100000001b3ull;
}

void job_compute(struct worker *w)
{
	for (int i = 0; i < (rounds ? rounds : 1); i++)
		hash(w, w->n);
}

static void path_of(char path[300], unsigned i)
{
	snprintf(path, 300, "%s/%u", job_dir, i);
}

/* --- net and mix: ask a peer that takes 5 ms, and compute ----------------------------------------- */

static void light(unsigned workers, unsigned tasks)
{
	(void)workers;
	(void)tasks;
	rounds = LIGHT;
}

static void heavy(unsigned workers, unsigned tasks)
{
	(void)workers;
	(void)tasks;
	rounds = HEAVY;
}

/* Many addresses of one machine, so that ports in TIME_WAIT do not run out. */
static struct sockaddr_in address_of(unsigned task)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)job_port),
				     .sin_addr.s_addr = htonl(0x7f000001 + task % 250) };
}

static void ask(struct worker *w)
{
	struct sockaddr_in to = address_of(w->task);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("connect");
	if (send(fd, &w->task, sizeof(w->task), MSG_NOSIGNAL) != sizeof(w->task))
		die("send");
	for (w->n = 0; w->n < REPLY; w->n += (unsigned)n) {
		n = recv(fd, w->buffer + w->n, REPLY - w->n, 0);
		if (n <= 0)
			die("recv");
	}
	job_compute(w);
	close(fd);
}

static enum next ask_step(struct worker *w, int res)
{
	static struct sockaddr_in to[1024]; /* of each worker: the kernel reads it later */

	switch (w->step++) {
	case 0:
		to[w->index] = address_of(w->task);
		w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (w->fd < 0)
			die("socket");
		io_uring_prep_connect(loop_sqe(), w->fd, (struct sockaddr *)&to[w->index],
				      sizeof(*to));
		return NEXT_WAIT;
	case 1:
		if (res < 0)
			die("connect");
		if (send(w->fd, &w->task, sizeof(w->task), MSG_NOSIGNAL | MSG_DONTWAIT) !=
		    sizeof(w->task))
			die("send");
		w->n = 0;
		break;
	case 2:
		if (res <= 0)
			die("recv");
		w->n += (unsigned)res;
		if (w->n == REPLY)
			return NEXT_CPU;
		break;
	default:
		close(w->fd);
		return NEXT_DONE;
	}
	w->step = 2;
	io_uring_prep_recv(loop_sqe(), w->fd, w->buffer + w->n, REPLY - w->n, 0);
	return NEXT_WAIT;
}

/* --- cached and cold: read a file to its end ------------------------------------------------------ */

static void make_file(const char *path, unsigned bytes)
{
	static char block[BLOCK];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		die(path);
	if (lseek(fd, 0, SEEK_END) != (off_t)bytes) {
		for (unsigned at = 0; at < bytes; at += BLOCK) {
			memset(block, 'a' + (int)(at / BLOCK % 26), BLOCK);
			if (pwrite(fd, block, BLOCK, at) != BLOCK)
				die(path);
		}
		if (fsync(fd))
			die(path);
	}
	close(fd);
}

static void files(unsigned tasks, bool drop)
{
	char path[300];

	for (unsigned i = 0; i < tasks; i++) {
		int fd;

		path_of(path, i);
		if (access(path, F_OK))
			make_file(path, FILE_BYTES);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (posix_fadvise(fd, 0, 0, drop ? POSIX_FADV_DONTNEED : POSIX_FADV_WILLNEED))
			die(path);
		close(fd);
	}
}

#define CACHED_FILES 64

static void cached(unsigned workers, unsigned tasks)
{
	(void)workers;
	(void)tasks;
	files(CACHED_FILES, false);
}

static void cold(unsigned workers, unsigned tasks)
{
	(void)workers;
	files(tasks, true);
}

static int open_file(const struct worker *w, bool is_cached)
{
	char path[300];
	int fd;

	path_of(path, is_cached ? w->task % CACHED_FILES : w->task);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die(path);
	return fd;
}

static void read_file(struct worker *w, bool is_cached)
{
	int fd = open_file(w, is_cached);
	ssize_t n;

	while ((n = read(fd, w->buffer, BLOCK)) > 0) {
		w->n = (unsigned)n;
		job_compute(w);
	}
	if (n < 0)
		die("read");
	close(fd);
}

static enum next read_file_step(struct worker *w, int res, bool is_cached)
{
	switch (w->step++) {
	case 0:
		w->fd = open_file(w, is_cached);
		w->at = 0;
		break;
	case 1:
		if (res < 0)
			die("read");
		if (res == 0) {
			close(w->fd);
			return NEXT_DONE;
		}
		w->n = (unsigned)res;
		w->at += w->n;
		return NEXT_CPU;
	default:
		break;
	}
	w->step = 1;
	io_uring_prep_read(loop_sqe(), w->fd, w->buffer, BLOCK, w->at);
	return NEXT_WAIT;
}

static void read_cached(struct worker *w)
{
	read_file(w, true);
}

static void read_cold(struct worker *w)
{
	read_file(w, false);
}

static enum next read_cached_step(struct worker *w, int res)
{
	return read_file_step(w, res, true);
}

static enum next read_cold_step(struct worker *w, int res)
{
	return read_file_step(w, res, false);
}

/* --- direct: sectors of a large file, past the page cache ----------------------------------------- */

static int big_fd;

static void direct(unsigned workers, unsigned tasks)
{
	char path[300];

	(void)workers;
	(void)tasks;
	snprintf(path, sizeof(path), "%s/big", job_dir);
	make_file(path, BIG_BYTES);
	big_fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);
	if (big_fd < 0)
		die("O_DIRECT");
}

static unsigned sector_of(const struct worker *w, unsigned i)
{
	return (w->task * SECTORS + i) * 2654435761u % (BIG_BYTES / SECTOR) * SECTOR;
}

static void read_direct(struct worker *w)
{
	w->n = SECTOR;
	for (unsigned i = 0; i < SECTORS; i++) {
		if (pread(big_fd, w->buffer, SECTOR, sector_of(w, i)) != SECTOR)
			die("pread");
		job_compute(w);
	}
}

static enum next read_direct_step(struct worker *w, int res)
{
	if (w->step++ == 0) {
		w->at = 0;
		w->n = SECTOR;
	} else if (w->step % 2 == 0) {
		if (res != SECTOR)
			die("pread");
		return NEXT_CPU;
	}
	if (w->at == SECTORS)
		return NEXT_DONE;
	io_uring_prep_read(loop_sqe(), big_fd, w->buffer, SECTOR, sector_of(w, w->at++));
	return NEXT_WAIT;
}

/* --- fsync: write a sector of a file of one's own, and wait until it is on the disk --------------- */

static int *own_fds;

static void own_files(unsigned workers, unsigned tasks)
{
	char path[300];

	(void)tasks;
	own_fds = calloc(workers, sizeof(*own_fds));
	for (unsigned i = 0; i < workers; i++) {
		snprintf(path, sizeof(path), "%s/own%u", job_dir, i);
		make_file(path, BLOCK);
		own_fds[i] = open(path, O_WRONLY | O_CLOEXEC);
		if (own_fds[i] < 0)
			die(path);
	}
}

static void write_through(struct worker *w)
{
	w->n = SECTOR;
	job_compute(w);
	if (pwrite(own_fds[w->index], w->buffer, SECTOR, 0) != SECTOR)
		die("pwrite");
	if (fsync(own_fds[w->index]))
		die("fsync");
}

static enum next write_through_step(struct worker *w, int res)
{
	switch (w->step++) {
	case 0:
		w->n = SECTOR;
		return NEXT_CPU;
	case 1:
		if (pwrite(own_fds[w->index], w->buffer, SECTOR, 0) != SECTOR)
			die("pwrite");
		io_uring_prep_fsync(loop_sqe(), own_fds[w->index], 0);
		return NEXT_WAIT;
	default:
		if (res < 0)
			die("fsync");
		return NEXT_DONE;
	}
}

const struct job jobs[] = {
	{ "net", light, ask, ask_step },
	{ "mix", heavy, ask, ask_step },
	{ "cached", cached, read_cached, read_cached_step },
	{ "cold", cold, read_cold, read_cold_step },
	{ "direct", direct, read_direct, read_direct_step },
	{ "fsync", own_files, write_through, write_through_step },
	{ NULL, NULL, NULL, NULL },
};
