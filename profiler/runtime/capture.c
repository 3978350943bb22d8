#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define XXH_INLINE_ALL /* from the header: the host links libc alone */
#define XXH_NO_STREAM
#include <xxhash.h>

#include "profiler/runtime/capture.h"

#define SMALL 4096

static _Atomic uint64_t kept_bytes; /* in all sets */

int capture_init(struct capture_set *set, const struct host *h, int base_fd, uint32_t max)
{
	*set = (struct capture_set){ .host = h, .base_fd = base_fd, .max = max };
	set->kept = host_memory((max + 1) * sizeof(*set->kept));
	return set->kept ? 0 : -ENOMEM;
}

int capture_open(void)
{
	int fd = memfd_create("stdout", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static XXH128_hash_t hash_of(struct result_job *job, int fd, size_t n)
{
	char small[SMALL];
	XXH128_hash_t hash;
	void *p;

	if (n <= SMALL) {
		ssize_t got = n ? pread(fd, small, n, 0) : 0;

		return XXH3_128bits(small, got > 0 ? (size_t)got : 0);
	}
	p = mmap(NULL, n, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED) { /* an answer nobody can compare must not look like a right one */
		job->status = -1;
		return (XXH128_hash_t){ 0 };
	}
	hash = XXH3_128bits(p, n);
	munmap(p, n);
	return hash;
}

static void digest(struct result_job *job, const struct captured *c, size_t n)
{
	XXH128_hash_t hash = hash_of(job, c->fd, n);
	struct result_digest *d = &job->digests[c->what];

	if (c->what != CAPTURE_FILES) {
		*d = (struct result_digest){ hash.high64, hash.low64 };
		return;
	}
	/* Added up, as files are found in no order; with its name, that none passes for another. */
	hash.low64 ^= c->name;
	hash = XXH3_128bits(&hash, sizeof(hash));
	d->low += hash.low64;
	d->high += hash.high64;
}

static void keep(struct capture_set *set, struct captured c)
{
	struct result_job *r = &set->host->result->jobs[c.job];
	struct stat st = { 0 };
	uint64_t size;

	fstat(c.fd, &st);
	size = (uint64_t)st.st_size;
	if (c.what == CAPTURE_STDOUT)
		r->stdout_bytes = size;
	else if (c.what == CAPTURE_STDERR)
		r->stderr_bytes = size;
	else
		r->files_bytes += size;
	if (size > SMALL && set->n < set->max &&
	    kept_bytes + size <= set->host->plan->capture_bytes) {
		set->kept[set->n++] = c;
		kept_bytes += size;
		return;
	}
	if (size > SMALL)
		r->flags |= JOB_DIGESTED_LATE;
	digest(r, &c, size);
	close(c.fd);
}

void capture_keep(struct capture_set *set, uint32_t job, int fd)
{
	keep(set, (struct captured){ job, fd, CAPTURE_STDOUT, 0 });
}

void capture_finish(struct capture_set *set)
{
	for (uint32_t i = 0; i < set->n; i++) {
		struct stat st = { 0 };

		fstat(set->kept[i].fd, &st);
		digest(&set->host->result->jobs[set->kept[i].job], &set->kept[i],
		       (size_t)st.st_size);
		close(set->kept[i].fd);
	}
	set->n = 0;
}

/* --- output files ----------------------------------------------------------------------------- */

/* Take one file away from where the job put it. */
static void take(struct capture_set *set, uint32_t job, int dir, const char *name)
{
	int low = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int fd = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, set->base_fd);
	struct stat st;

	if (low >= 0)
		close(low);
	if (fd < 0)
		return;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return;
	}
	unlinkat(dir, name, 0);
	set->host->result->jobs[job].files_n++;
	keep(set, (struct captured){ job, fd, CAPTURE_FILES, XXH3_64bits(name, strlen(name)) });
}

static void take_matching(struct capture_set *set, uint32_t job, int dir, const char *pattern)
{
	char buf[4096] __attribute__((aligned(8)));
	long n;

	while ((n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			const struct dirent64_raw *d = (const void *)(buf + at);

			if (fnmatch(pattern, d->name, FNM_PERIOD) == 0)
				take(set, job, dir, d->name);
			at += d->len;
		}
	}
}

/* `pattern` is absolute. */
static void take_all(struct capture_set *set, uint32_t job, const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	char path[PATH_MAX];
	int dir;

	if ((size_t)(slash - pattern) + 2 > sizeof(path))
		return;
	memcpy(path, pattern, (size_t)(slash - pattern) + 1);
	path[slash - pattern + 1] = '\0';
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	if (strpbrk(slash, "*?["))
		take_matching(set, job, dir, slash + 1);
	else
		take(set, job, dir, slash + 1);
	close(dir);
}

void capture_rest(struct capture_set *set, uint32_t job, int stderr_fd)
{
	const struct plan *plan = set->host->plan;
	const struct plan_argv *list;
	const char *pattern;

	if (plan->flags & PLAN_STDERR) {
		int fd = fcntl(stderr_fd, F_DUPFD_CLOEXEC, set->base_fd);

		if (fd >= 0) { /* at once: the file is the next job's */
			uint32_t max = set->max;

			set->max = 0;
			keep(set, (struct captured){ job, fd, CAPTURE_STDERR, 0 });
			set->max = max;
		}
	}
	if (!plan->outputs)
		return;
	list = (const struct plan_argv *)(const void *)host_text(set->host, plan->outputs) +
	       job % plan->tasks;
	pattern = host_text(set->host, list->strings);
	for (uint32_t i = 0; i < list->argc; i++, pattern += strlen(pattern) + 1)
		take_all(set, job, pattern);
}

void capture_tail(const struct host *h, uint32_t job, int stderr_fd)
{
	struct result *r = h->result;
	uint32_t none = 0;
	struct stat st;
	off_t from;
	ssize_t n;

	if (!__atomic_compare_exchange_n(&r->tail_state, &none, 1, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_RELAXED))
		return;
	if (fstat(stderr_fd, &st) < 0)
		return;
	from = st.st_size > RESULT_TAIL ? st.st_size - RESULT_TAIL : 0;
	n = pread(stderr_fd, r->tail, RESULT_TAIL, from);
	r->tail_n = n > 0 ? (uint32_t)n : 0;
	r->tail_job = job;
	__atomic_store_n(&r->tail_state, 2, __ATOMIC_RELEASE);
}
