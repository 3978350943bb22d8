/*
 * forms.c - the same job by hand in five forms: JOB [-t] FORM WORKERS LIST
 *
 * FORM is sequential, threads, processes, async or hybrid; WORKERS is the size of the pool, or how
 * many tasks are in flight. LIST has one task on each line. The answers are printed in its order.
 * -t: and the wall time from the start to here on standard error, in ns.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"
#include "task.h"

struct tasks {
	char **items;
	size_t n;
	int workers;
	struct answer *answers;
	_Atomic size_t *next; /* the first that nobody has taken; shared by all workers */
};

static void answer(const struct tasks *t, size_t i)
{
	FILE *out = open_memstream(&t->answers[i].text, &t->answers[i].len);

	if (!out)
		task_die("memory", strerror(errno));
	task_run(t->items[i], out);
	fclose(out);
}

static void run_sequential(struct tasks *t)
{
	for (size_t i = 0; i < t->n; i++)
		answer(t, i);
}

/* --- threads: a pool --- */

static void *thread(void *arg)
{
	struct tasks *t = arg;
	size_t i;

	while ((i = atomic_fetch_add(t->next, 1)) < t->n)
		answer(t, i);
	return NULL;
}

static void run_threads(struct tasks *t)
{
	pthread_t *threads = calloc((size_t)t->workers, sizeof(*threads));

	for (int i = 0; i < t->workers; i++) {
		int err = pthread_create(&threads[i], NULL, thread, t);

		if (err)
			task_die("thread", strerror(err));
	}
	for (int i = 0; i < t->workers; i++)
		pthread_join(threads[i], NULL);
	free(threads);
}

/* --- processes: forked beforehand; answers come back in a file in memory for each --- */

struct record {
	size_t index, len;
};

static void child(struct tasks *t, FILE *to)
{
	size_t i;

	while ((i = atomic_fetch_add(t->next, 1)) < t->n) {
		struct record r = { .index = i };

		answer(t, i);
		r.len = t->answers[i].len;
		fwrite(&r, sizeof(r), 1, to);
		fwrite(t->answers[i].text, 1, r.len, to);
		free(t->answers[i].text);
	}
	_exit(fflush(to) ? 1 : 0);
}

static void collect(struct tasks *t, FILE *from)
{
	struct record r;

	rewind(from);
	while (fread(&r, sizeof(r), 1, from) == 1) {
		struct answer *a = &t->answers[r.index];

		a->len = r.len;
		a->text = malloc(r.len + 1);
		if (!a->text || fread(a->text, 1, r.len, from) != r.len)
			task_die("an answer", "cannot be read back");
	}
	fclose(from);
}

static void run_processes(struct tasks *t)
{
	FILE **files = calloc((size_t)t->workers, sizeof(*files));
	int failed = 0, status;

	for (int i = 0; i < t->workers; i++) {
		pid_t pid;

		files[i] = fdopen(memfd_create("answers", MFD_CLOEXEC), "w+");
		pid = files[i] ? fork() : -1;
		if (pid < 0)
			task_die("process", strerror(errno));
		if (!pid)
			child(t, files[i]);
	}
	while (wait(&status) > 0)
		failed |= status;
	if (failed)
		task_die("process", "a worker failed");
	for (int i = 0; i < t->workers; i++)
		collect(t, files[i]);
	free(files);
}

/* --- one loop, and one loop with a pool of a thread for each core --- */

static void run_async(struct tasks *t)
{
	loop_run(t->items, t->n, t->workers, 0, t->answers);
}

static void run_hybrid(struct tasks *t)
{
	loop_run(t->items, t->n, t->workers, (int)sysconf(_SC_NPROCESSORS_ONLN), t->answers);
}

/* --- */

static const struct form {
	const char *name;
	void (*run)(struct tasks *t);
} forms[] = {
	{ "sequential", run_sequential }, { "threads", run_threads },
	{ "processes", run_processes },   { "async", run_async },
	{ "hybrid", run_hybrid },
};

static void read_list(const char *path, struct tasks *t)
{
	FILE *list = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;

	if (!list)
		task_die(path, strerror(errno));
	while (getline(&line, &size, list) > 0) {
		line[strcspn(line, "\n")] = '\0';
		t->items = realloc(t->items, (t->n + 1) * sizeof(*t->items));
		t->items[t->n++] = strdup(line);
	}
	free(line);
	fclose(list);
	t->answers = calloc(t->n, sizeof(*t->answers));
}

static const struct form *find_form(const char *name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (!strcmp(forms[i].name, name))
			return &forms[i];
	}
	task_die(name, "is no form: sequential, threads, processes, async, hybrid");
}

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	long long start_ns = now_ns();
	int timed = argc > 1 && !strcmp(argv[1], "-t");
	struct tasks t = { 0 };

	if (argc != 4 + timed || (t.workers = atoi(argv[2 + timed])) < 1) {
		fprintf(stderr, "usage: %s [-t] FORM WORKERS LIST\n", argv[0]);
		return 2;
	}
	read_list(argv[3 + timed], &t);
	t.next = mmap(NULL, sizeof(*t.next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (t.next == MAP_FAILED)
		task_die("memory", strerror(errno));
	find_form(argv[1 + timed])->run(&t);
	for (size_t i = 0; i < t.n; i++)
		fwrite(t.answers[i].text, 1, t.answers[i].len, stdout);
	if (fflush(stdout))
		task_die("standard output", strerror(errno));
	if (timed)
		fprintf(stderr, "%lld\n", now_ns() - start_ns);
	return 0;
}
