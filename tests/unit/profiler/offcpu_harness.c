#include "offcpu_harness.h"

#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/subprocess.h"
#include "profiler/offcpu.h"
#include "profiler/proc.h"

static void read_truth(const char *text, struct outcome *ret)
{
	uint64_t value;
	char name[32];

	for (const char *line = text; line; line = strchr(line, '\n')) {
		enum wait_kind kind;

		line += *line == '\n';
		if (sscanf(line, "truth %31s %" SCNu64, name, &value) != 2)
			continue;
		if (wait_kind_from_key(name, &kind))
			ret->truth_ns[kind] += value;
		else if (!strcmp(name, "runqueue"))
			ret->truth_runqueue_ns += value;
		else if (!strcmp(name, "births"))
			ret->births = value;
		else if (!strcmp(name, "burnt"))
			ret->burnt_ns = value;
	}
}

/* Each kind's stacks must add up to the kind. */
static bool stacks_add_up(const struct profile *p)
{
	struct wait_profile left = p->waits;
	uint64_t cpu_ns = wait_profile_cpu_ns(&p->waits);

	vec_each (&p->stacks, stack) {
		uint64_t *ns = stack->on_cpu ? &cpu_ns : &left.wait_ns[stack->kind];

		*ns -= stack->ns;
	}
	return !cpu_ns && !wait_profile_waits_ns(&left);
}

static void keep_profile(struct profile *profile, struct outcome *ret)
{
	ret->sites = profile->sites.n;
	if (profile->sites.n) {
		ret->first_site_kind = profile->sites.items[0].kind;
		ret->first_site_ns = profile->sites.items[0].ns;
	}
	for (size_t i = 1; i < profile->sites.n; i++) {
		if (profile->sites.items[i].ns > profile->sites.items[i - 1].ns)
			snprintf(ret->failure, sizeof(ret->failure), "sites are not in order");
	}
	if (!stacks_add_up(profile))
		snprintf(ret->failure, sizeof(ret->failure), "stacks do not add up");
	if (profile->why)
		snprintf(ret->why, sizeof(ret->why), "%s", profile->why);
	ret->profile = *profile;
	ret->profile.why = NULL;
	ret->profile.sites.items = NULL;
	ret->profile.stacks = (struct stacks){ 0 };
	ret->profile.wakers = (struct wait_wakers){ 0 };
	profile_clear(profile);
}

static void pause_ns(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000),
			      .tv_nsec = (long)(ns % 1000000000) };

	nanosleep(&t, NULL);
}

/* From its gate to its end. */
static struct error *watch_whole(const struct subprocess *sub, int gate,
				 const struct offcpu_options *opt, struct profile *profile,
				 struct subprocess_result *result)
{
	struct subprocess running = *sub;
	struct offcpu *session;
	struct error *err = offcpu_open(sub->pid, opt, &session);

	close(gate);
	if (err) {
		subprocess_kill(&running);
		return err;
	}
	err = subprocess_wait(&running, result);
	if (err) {
		offcpu_abort(session);
		return err;
	}
	return offcpu_close(session, profile);
}

/* On a busy machine a program may take long to get as far as its threads: 10 s at most. */
static void wait_for_threads(pid_t pid, size_t wanted)
{
	for (int i = 0; i < 1000; i++) {
		CLEANUP(proc_tids_clear) struct proc_tids tids = { 0 };
		CLEANUP(error_clear) struct error *err = proc_tids(pid, true, &tids);

		if (!err && tids.n >= wanted)
			break;
		pause_ns(10000000);
	}
	pause_ns(100000000);
}

/* For a while in the middle of its life. */
static struct error *watch_part(const struct subprocess *sub, int gate,
				const struct offcpu_options *opt, const struct setup *setup,
				struct profile *profile)
{
	struct subprocess running = *sub;
	struct offcpu *session;
	struct error *err;

	close(gate);
	wait_for_threads(sub->pid, setup->attach_at);
	err = offcpu_open(sub->pid, opt, &session);
	if (!err) {
		pause_ns(setup->attach_ns);
		err = offcpu_close(session, profile);
	}
	subprocess_kill(&running);
	return err;
}

static uint64_t cpu_ns(const struct rusage *usage)
{
	return (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000000 +
	       (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000;
}

/* `program` is open already: an unprivileged process may not be able to walk to it. */
static struct error *run(const struct setup *setup, int program, struct outcome *ret)
{
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	CLEANUP(cleanup_free) char *path = xasprintf("/proc/self/fd/%d", program);
	CLEANUP(cleanup_fd) int out_fd = memfd_create("stdout", MFD_CLOEXEC);
	CLEANUP(profile_clear) struct profile profile = { 0 };
	const char *argv[WORDS + 1] = { path };
	struct offcpu_options opt = { .overhead = setup->overhead,
				      .skip_root = setup->skip_root,
				      .attach = setup->attach_ns,
				      .at_least = setup->at_least };
	struct subprocess_options options = { .argv = argv,
					      .stdin_fd = -1,
					      .stdout_fd = out_fd,
					      .stderr_fd = 2,
					      .keep_fds = &program,
					      .keep_fds_n = 1 };
	struct subprocess_result result = { 0 };
	struct subprocess sub;
	struct error *err;
	int gate[2];

	for (int i = 1; i < WORDS; i++)
		argv[i] = setup->words[i];
	if (pipe2(gate, O_CLOEXEC))
		return error_errno("pipe");
	options.gate_fd = gate[0];
	err = subprocess_start(&options, &sub);
	close(gate[0]);
	if (err)
		return err;
	if (setup->attach_ns)
		err = watch_part(&sub, gate[1], &opt, setup, &profile);
	else
		err = watch_whole(&sub, gate[1], &opt, &profile, &result);
	if (err)
		return err;
	ret->status = result.status;
	ret->rusage_ns = cpu_ns(&result.usage);
	keep_profile(&profile, ret);
	lseek(out_fd, 0, SEEK_SET);
	err = file_read_fd(out_fd, &out);
	if (!err)
		read_truth(strbuf_str(&out), ret);
	ret->ran = !err;
	return err;
}

static void run_here(const struct setup *setup, int program, struct outcome *ret)
{
	struct error *err;

	subprocess_init();
	err = run(setup, program, ret);
	if (err)
		snprintf(ret->failure, sizeof(ret->failure), "%s", err->message);
	error_free(err);
}

/* In a process of another user, which answers through shared memory. */
static void run_as(const struct setup *setup, int program, struct outcome *ret)
{
	struct outcome *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = shared == MAP_FAILED ? -1 : fork();

	if (!pid) {
		if (setgroups(0, NULL) || setgid(setup->uid) || setuid(setup->uid))
			_exit(1);
		/* What a set-user-id process starts is closed to its own user, perf included. */
		if (prctl(PR_SET_DUMPABLE, 1) || chdir("/tmp"))
			_exit(1);
		run_here(setup, program, shared);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (shared != MAP_FAILED) {
		*ret = *shared;
		munmap(shared, sizeof(*shared));
	}
}

void outcome_of(const struct setup *setup, struct outcome *ret)
{
	CLEANUP(cleanup_free) char *path = path_join(WORKLOADS, setup->words[0]);
	CLEANUP(cleanup_fd) int program = open(path, O_RDONLY | O_CLOEXEC);

	*ret = (struct outcome){ 0 };
	if (program < 0)
		snprintf(ret->failure, sizeof(ret->failure), "cannot open %s", path);
	else if (setup->uid)
		run_as(setup, program, ret);
	else
		run_here(setup, program, ret);
}
