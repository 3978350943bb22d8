#include "profiler/proc.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

static uint64_t timeval_ns(struct timeval tv)
{
	return (uint64_t)tv.tv_sec * 1000000000 + (uint64_t)tv.tv_usec * 1000;
}

void proc_cpu_children(struct proc_cpu *cpu, uint64_t *switches)
{
	struct rusage usage = { 0 };

	getrusage(RUSAGE_CHILDREN, &usage);
	if (cpu) {
		cpu->user_ns = timeval_ns(usage.ru_utime);
		cpu->system_ns = timeval_ns(usage.ru_stime);
	}
	if (switches)
		*switches = (uint64_t)(usage.ru_nvcsw + usage.ru_nivcsw);
}

/* The text after "pid (comm) ": the state letter and the numbers. comm may hold anything. */
static bool read_stat(const char *path, char *text, size_t size, const char **fields)
{
	CLEANUP(cleanup_file) FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, size - 1, file) : 0;
	char *end;

	text[n] = '\0';
	end = strrchr(text, ')');
	if (!end || end[1] != ' ')
		return false;
	*fields = end + 2;
	return true;
}

void proc_cpu_process(pid_t pid, bool alone, struct proc_cpu *ret)
{
	uint64_t user, system, waited_user, waited_system;
	uint64_t tick_ns = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	char path[64], text[1024];
	const char *fields;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!read_stat(path, text, sizeof(text), &fields) ||
	    sscanf(fields,
		   "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64,
		   &user, &system, &waited_user, &waited_system) != 4)
		return;
	if (alone)
		waited_user = waited_system = 0;
	ret->user_ns = (user + waited_user) * tick_ns;
	ret->system_ns = (system + waited_system) * tick_ns;
}

static uint64_t since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

struct proc_cpu proc_cpu_since(struct proc_cpu now, struct proc_cpu then)
{
	return (struct proc_cpu){ .user_ns = since(now.user_ns, then.user_ns),
				  .system_ns = since(now.system_ns, then.system_ns) };
}

void proc_steal(struct proc_steal *ret)
{
	CLEANUP(cleanup_file) FILE *file = fopen("/proc/stat", "re");
	uint64_t ticks[8] = { 0 }; /* user nice system idle iowait irq softirq steal */

	*ret = (struct proc_steal){ 0 };
	if (!file || fscanf(file, "cpu") != 0)
		return;
	for (size_t i = 0; i < 8; i++) {
		if (fscanf(file, "%" SCNu64, &ticks[i]) != 1)
			return;
		ret->total += ticks[i];
	}
	ret->stolen = ticks[7];
}

double proc_steal_share(struct proc_steal then, struct proc_steal now)
{
	if (now.total <= then.total)
		return 0;
	return (double)since(now.stolen, then.stolen) / (double)(now.total - then.total);
}

static void add_descendants(pid_t pid, struct proc_tids *tids);

static void add_children(pid_t pid, pid_t tid, struct proc_tids *tids)
{
	CLEANUP(cleanup_file) FILE *file = NULL;
	char path[64];
	int child;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
	file = fopen(path, "re");
	while (file && fscanf(file, "%d", &child) == 1)
		add_descendants(child, tids);
}

static void add_descendants(pid_t pid, struct proc_tids *tids)
{
	CLEANUP(cleanup_dir) DIR *dir = NULL;
	struct dirent *entry;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		pid_t tid = atoi(entry->d_name);

		if (tid <= 0)
			continue;
		vec_push(tids, tid);
		add_children(pid, tid, tids);
	}
}

struct error *proc_tids(pid_t pid, bool all, struct proc_tids *ret)
{
	struct proc_tids tids = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", pid, pid);
	if (access(path, F_OK))
		return error_new(ERROR_INPUT, "there is no process %d", pid);
	if (all)
		add_descendants(pid, &tids);
	else
		vec_push(&tids, pid);
	*ret = tids;
	return NULL;
}

void proc_tids_clear(struct proc_tids *tids)
{
	vec_clear(tids);
}

pid_t proc_process_of(pid_t tid)
{
	CLEANUP(cleanup_file) FILE *file = NULL;
	char path[64], line[256];
	pid_t pid = tid;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Tgid: %d", &pid) == 1)
			break;
	}
	return pid;
}

void proc_wait_asleep(pid_t pid)
{
	char path[64], text[1024];
	const char *fields;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int ms = 0; ms < 200; ms++) {
		struct timespec pause = { .tv_nsec = 1000000 };

		if (!read_stat(path, text, sizeof(text), &fields) || *fields == 'S')
			return;
		nanosleep(&pause, NULL);
	}
}

double proc_others_running(void)
{
	CLEANUP(cleanup_file) FILE *f = fopen("/proc/loadavg", "re");
	int running = 1;

	if (!f || fscanf(f, "%*s %*s %*s %d/", &running) != 1)
		return 0;
	return running - 1;
}
