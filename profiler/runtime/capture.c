#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL /* from the header: the host links libc alone */
#define XXH_NO_STREAM
#include <xxhash.h>

#include "profiler/runtime/capture.h"

#define SMALL 4096

static _Atomic uint64_t kept_bytes; /* in all sets */

int capture_init(struct capture_set *set, const struct host *h, uint32_t max)
{
	*set = (struct capture_set){ .host = h, .max = max };
	set->kept = host_memory((max + 1) * sizeof(*set->kept));
	return set->kept ? 0 : -ENOMEM;
}

int capture_open(void)
{
	int fd = memfd_create("stdout", MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void store(struct result_job *job, XXH128_hash_t hash)
{
	job->digest_high = hash.high64;
	job->digest_low = hash.low64;
}

static void digest(struct result_job *job, int fd)
{
	size_t n = job->stdout_bytes;
	char small[SMALL];
	void *p;

	if (n <= SMALL) {
		ssize_t got = n ? pread(fd, small, n, 0) : 0;

		store(job, XXH3_128bits(small, got > 0 ? (size_t)got : 0));
		return;
	}
	p = mmap(NULL, n, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED) { /* an answer nobody can compare must not look like a right one */
		job->status = -1;
		return;
	}
	store(job, XXH3_128bits(p, n));
	munmap(p, n);
}

void capture_keep(struct capture_set *set, uint32_t job, int fd)
{
	struct result_job *r = &set->host->result->jobs[job];
	struct stat st = { 0 };

	fstat(fd, &st);
	r->stdout_bytes = (uint64_t)st.st_size;
	if (r->stdout_bytes > SMALL && set->n < set->max &&
	    kept_bytes + r->stdout_bytes <= set->host->plan->capture_bytes) {
		set->kept[set->n++] = (struct captured){ job, fd };
		kept_bytes += r->stdout_bytes;
		return;
	}
	if (r->stdout_bytes > SMALL)
		r->flags |= JOB_DIGESTED_LATE;
	digest(r, fd);
	close(fd);
}

void capture_finish(struct capture_set *set)
{
	for (uint32_t i = 0; i < set->n; i++) {
		digest(&set->host->result->jobs[set->kept[i].job], set->kept[i].fd);
		close(set->kept[i].fd);
	}
	set->n = 0;
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
