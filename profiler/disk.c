#include "profiler/disk.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "profiler/disk_try.h"
#include "profiler/proc.h"

#define LOOK_US   1000
#define LIST_LOOK 20 /* looks between two listings of the threads */
#define USES_MAX  64
#define ROUNDS    9

/* --- what is used ----------------------------------------------------------------------------- */

struct disk_watch {
	pid_t root;
	pthread_t thread;
	atomic_bool stop;
	struct disk_uses uses;
};

enum call_use { USE_NONE, USE_SYNC, USE_FILE, USE_PATH, USE_PATH_AT };

static enum call_use use_of(long number)
{
	switch (number) {
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_sync_file_range:
		return USE_SYNC;
	case SYS_read:
	case SYS_pread64:
	case SYS_readv:
	case SYS_preadv:
	case SYS_fstat:
		return USE_FILE;
	case SYS_openat:
	case SYS_newfstatat:
	case SYS_statx:
		return USE_PATH_AT;
#ifdef SYS_open
	case SYS_open:
	case SYS_stat:
	case SYS_lstat:
		return USE_PATH;
#endif
	default:
		return USE_NONE;
	}
}

/* The file of a path in the memory of a process, as it would find it. Owned by the caller, or NULL. */
static char *path_in(pid_t pid, uint64_t address, int dir)
{
	char text[PATH_MAX] = "", link[64];
	struct iovec to = { text, sizeof(text) - 1 }, from = { (void *)address, 256 };

	if (process_vm_readv(pid, &to, 1, &from, 1, 0) <= 0 || !*text)
		return NULL;
	if (*text == '/')
		return xstrdup(text);
	if (dir == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, dir);
	return xasprintf("%s/%s", link, text);
}

/* Only regular files count. Takes the path. */
static void add_use(struct disk_uses *uses, char *path, bool sync)
{
	CLEANUP(cleanup_free) char *own = path;
	char real[PATH_MAX];
	struct stat st;

	if (!own || !realpath(own, real) || stat(real, &st) || !S_ISREG(st.st_mode))
		return;
	vec_each (uses, use) {
		if (strcmp(use->path, real) != 0)
			continue;
		*(sync ? &use->syncs : &use->others) += 1;
		return;
	}
	if (uses->n < USES_MAX)
		vec_push(uses, ((struct disk_use){ xstrdup(real), sync, !sync }));
}

static void look_at(struct disk_watch *w, pid_t pid, pid_t tid)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CLEANUP(cleanup_free) char *path = xasprintf("/proc/%d/task/%d/syscall", pid, tid);
	CLEANUP(error_clear) struct error *err = file_read(path, &text);
	uint64_t first, second;
	long number;
	enum call_use use;

	if (err || sscanf(strbuf_str(&text), "%ld %lx %lx", &number, &first, &second) != 3)
		return;
	use = use_of(number);
	if (use == USE_SYNC || use == USE_FILE)
		add_use(&w->uses, xasprintf("/proc/%d/fd/%d", pid, (int)first), use == USE_SYNC);
	else if (use == USE_PATH)
		add_use(&w->uses, path_in(pid, first, AT_FDCWD), false);
	else if (use == USE_PATH_AT)
		add_use(&w->uses, path_in(pid, second, (int)first), false);
}

static void *watch(void *arg)
{
	struct disk_watch *w = arg;
	struct proc_tids tids = { 0 };

	for (unsigned look = 0; !w->stop; look++) {
		if (look % LIST_LOOK == 0) {
			proc_tids_clear(&tids);
			error_free(proc_tids(w->root, true, &tids));
		}
		vec_each (&tids, tid)
			look_at(w, proc_process_of(*tid), *tid);
		usleep(LOOK_US);
	}
	proc_tids_clear(&tids);
	return NULL;
}

struct disk_watch *disk_watch_start(pid_t root)
{
	struct disk_watch *w = xcalloc(1, sizeof(*w));

	w->root = root;
	if (!pthread_create(&w->thread, NULL, watch, w))
		return w;
	free(w);
	return NULL;
}

void disk_watch_stop(struct disk_watch *w, struct disk_uses *uses)
{
	if (!w)
		return;
	w->stop = true;
	pthread_join(w->thread, NULL);
	if (uses && !uses->n) {
		*uses = w->uses;
		w->uses = (struct disk_uses){ 0 };
	}
	disk_uses_clear(&w->uses);
	free(w);
}

void disk_uses_clear(struct disk_uses *uses)
{
	vec_each (uses, use)
		free(use->path);
	vec_clear(uses);
}

/* --- how many at once ------------------------------------------------------------------------- */

struct hand {
	struct disk_try *try;
	size_t number;
	pthread_t thread;
	bool started;
	double rate; /* calls a second; 0: it could make none */
};

static bool sync_once(struct disk_try *t, size_t number, const char *path)
{
	CLEANUP(cleanup_fd) int theirs = -1;
	char record[DISK_RECORD] = "";

	if (t->files[number] >= 0)
		return pwrite(t->files[number], record, DISK_RECORD, 0) == DISK_RECORD &&
		       !fsync(t->files[number]);
	theirs = open(path, DISK_OPEN_FLAGS);
	return theirs >= 0 && !fsync(theirs);
}

/* Forgotten by the kernel first, then opened and read from. */
static bool read_once(const char *path)
{
	CLEANUP(cleanup_fd) int fd = open(path, DISK_OPEN_FLAGS);
	char block[DISK_BLOCK];

	if (fd < 0)
		return false;
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	return pread(fd, block, sizeof(block), 0) >= 0;
}

const char *disk_try_path(struct disk_try *t)
{
	return t->uses->items[t->next++ % t->uses->n].path;
}

static bool call_once(struct hand *hand)
{
	struct disk_try *t = hand->try;
	const char *path = disk_try_path(t);

	return t->sync ? sync_once(t, hand->number, path) : read_once(path);
}

/* Whole calls over the time of just these: a call is long beside a round. The first, with which threads start here and
 * in a file system's server, does not count. */
static void *hand_main(void *arg)
{
	struct hand *hand = arg;
	uint64_t start_ns, end_ns;
	bool works = call_once(hand);
	size_t done = 0;

	start_ns = end_ns = clock_now_ns();
	while (works && (!hand->try->stop || !done)) {
		works = call_once(hand);
		done += works;
		end_ns = clock_now_ns();
	}
	hand->rate =
		works && end_ns > start_ns ? (double)done / (double)(end_ns - start_ns) * 1e9 : 0;
	return NULL;
}

/* Calls a second of so many threads; 0: they cannot be made. */
static double rate(struct disk_try *t, size_t threads)
{
	struct hand hands[DISK_DEPTH_MOST];
	double sum = 0;

	t->stop = false;
	for (size_t i = 0; i < threads; i++) {
		hands[i] = (struct hand){ .try = t, .number = i };
		hands[i].started = !pthread_create(&hands[i].thread, NULL, hand_main, &hands[i]);
	}
	usleep(DISK_ROUND_NS / 1000);
	t->stop = true;
	for (size_t i = 0; i < threads; i++) {
		if (hands[i].started)
			pthread_join(hands[i].thread, NULL);
		sum += hands[i].rate;
	}
	return sum;
}

/* A file beside the program's that has no name, so that nothing is left of it; -1: none can be made. */
static int nameless(const char *path)
{
	CLEANUP(cleanup_free) char *dir = xstrdup(path);

	*strrchr(dir, '/') = '\0';
	return open(*dir ? dir : "/", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

/* Only the uses of the one kind, so that files take turns. */
static struct disk_uses of_kind(const struct disk_uses *uses, bool sync)
{
	struct disk_uses ret = { 0 };

	vec_each (uses, use) {
		if (sync ? use->syncs : use->others)
			vec_push(&ret, ((struct disk_use){ .path = use->path }));
	}
	return ret;
}

struct ratios {
	double items[ROUNDS];
	size_t n;
};

/* Beyond these it is the disk that changed meanwhile. */
static void add_ratio(struct ratios *ratios, double one, double many)
{
	if (one > 0 && many > 0)
		ratios->items[ratios->n++] = fmin(fmax(many / one, 1), DISK_DEPTH_MOST);
}

static void estimate(const struct ratios *ratios, struct estimate *ret)
{
	struct rng rng = { 1 };

	if (ratios->n > ROUNDS / 2)
		*ret = stats_bootstrap_median(ratios->items, ratios->n, 0.95, &rng);
}

static void measure(struct disk_try *t, struct disk_depth *ret)
{
	struct ratios threads = { 0 }, loop = { 0 };

	for (int i = 0; i < ROUNDS; i++) {
		double one = rate(t, 1);

		add_ratio(&threads, one, rate(t, DISK_DEPTH_MOST));
		add_ratio(&loop, one, disk_ring_rate(t));
	}
	estimate(&threads, &ret->threads);
	estimate(&loop, &ret->loop);
}

void disk_depth(const struct disk_uses *uses, struct disk_depth *ret)
{
	uint64_t syncs = 0, others = 0;
	struct disk_uses kind;
	struct disk_try t = { 0 };

	*ret = (struct disk_depth){ 0 };
	vec_each (uses, use) {
		syncs += use->syncs;
		others += use->others;
	}
	t.sync = syncs > others;
	kind = of_kind(uses, t.sync);
	t.uses = &kind;
	if (!kind.n)
		return;
	for (size_t i = 0; i < DISK_DEPTH_MOST; i++)
		t.files[i] = t.sync ? nameless(kind.items[0].path) : -1;
	measure(&t, ret);
	ret->what = xasprintf("%s %s", t.sync ? "syncing files such as" : "reading files such as",
			      kind.items[0].path);
	for (size_t i = 0; i < DISK_DEPTH_MOST; i++) {
		if (t.files[i] >= 0)
			close(t.files[i]);
	}
	vec_clear(&kind);
}
