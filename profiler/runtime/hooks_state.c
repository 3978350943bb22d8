/*
 * hooks_state.c - state that libc hides, and that all threads would share
 */
#include <errno.h>
#include <grp.h>
#include <locale.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profiler/runtime/copy.h"
#include "profiler/runtime/hooks.h"

static int next_option(int argc, char *const *argv, const char *shorts, const struct option *longs,
		       int *long_index, bool long_only)
{
	struct copy *c = copy_self;

	if (!c)
		return -1;
	c->getopt.err = *c->err;
	return getopt_next(&c->getopt, argc, (char **)(uintptr_t)argv, shorts, longs, long_index,
			   long_only);
}

static int hook_getopt(int argc, char *const *argv, const char *shorts)
{
	return next_option(argc, argv, shorts, NULL, NULL, false);
}

static int hook_getopt_long(int argc, char *const *argv, const char *shorts,
			    const struct option *longs, int *long_index)
{
	return next_option(argc, argv, shorts, longs, long_index, false);
}

static int hook_getopt_long_only(int argc, char *const *argv, const char *shorts,
				 const struct option *longs, int *long_index)
{
	return next_option(argc, argv, shorts, longs, long_index, true);
}

/*
 * The locale belongs to the process. Every job sets the same one, so what was set once is not set
 * again: a change while other threads format numbers is a race in libc. Asking is one with setting: both
 * are under the lock.
 */
static char *hook_setlocale(int category, const char *locale)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct {
		int category;
		char locale[32];
		char *result;
	} done[16];
	static unsigned n;
	char *ret = NULL;
	bool known = false;
	bool keep = locale && copy_in_job() && strlen(locale) < sizeof(done[0].locale);

	pthread_mutex_lock(&lock);
	for (unsigned i = 0; keep && i < n && !known; i++) {
		known = done[i].category == category && strcmp(done[i].locale, locale) == 0;
		if (known)
			ret = done[i].result;
	}
	if (!known) {
		ret = setlocale(category, locale);
		if (keep && n < sizeof(done) / sizeof(*done)) {
			done[n].category = category;
			strcpy(done[n].locale, locale);
			done[n++].result = ret ? strdup(ret) : NULL;
		}
	}
	pthread_mutex_unlock(&lock);
	return ret;
}

static __thread struct { /* per thread, so that each worker has its own */
	char *token;
	struct tm tm;
	char time[64];
	struct passwd user;
	struct group group;
	char names[4096];
} hidden;

static char *hook_strtok(char *s, const char *delimiters)
{
	return strtok_r(s, delimiters, &hidden.token);
}

static struct tm *hook_localtime(const time_t *t)
{
	tzset();
	return localtime_r(t, &hidden.tm);
}

static struct tm *hook_gmtime(const time_t *t)
{
	return gmtime_r(t, &hidden.tm);
}

static char *hook_asctime(const struct tm *tm)
{
	return asctime_r(tm, hidden.time);
}

static char *hook_ctime(const time_t *t)
{
	return hook_asctime(hook_localtime(t));
}

static struct passwd *hook_getpwnam(const char *name)
{
	struct passwd *ret = NULL;

	errno = getpwnam_r(name, &hidden.user, hidden.names, sizeof(hidden.names), &ret);
	return ret;
}

static struct passwd *hook_getpwuid(uid_t uid)
{
	struct passwd *ret = NULL;

	errno = getpwuid_r(uid, &hidden.user, hidden.names, sizeof(hidden.names), &ret);
	return ret;
}

static struct group *hook_getgrnam(const char *name)
{
	struct group *ret = NULL;

	errno = getgrnam_r(name, &hidden.group, hidden.names, sizeof(hidden.names), &ret);
	return ret;
}

static struct group *hook_getgrgid(gid_t gid)
{
	struct group *ret = NULL;

	errno = getgrgid_r(gid, &hidden.group, hidden.names, sizeof(hidden.names), &ret);
	return ret;
}

static struct random_data *random_state(void)
{
	static __thread struct random_data data;
	static __thread char state[128];
	struct copy *c = copy_self;

	if (!c || !c->random) { /* anew for every job, as if seeded with 1 */
		memset(&data, 0, sizeof(data));
		initstate_r(1, state, sizeof(state), &data);
		if (c)
			c->random = &data;
	}
	return &data;
}

static long hook_random(void)
{
	int32_t value;

	random_r(random_state(), &value);
	return value;
}

static int hook_rand(void)
{
	return (int)hook_random();
}

static void hook_srandom(unsigned seed)
{
	srandom_r(seed, random_state());
}

/* Sorted by name. */
const struct hook hooks_state[] = {
	HOOK("asctime", hook_asctime),
	HOOK("ctime", hook_ctime),
	HOOK("getgrgid", hook_getgrgid),
	HOOK("getgrnam", hook_getgrnam),
	HOOK("getopt", hook_getopt),
	HOOK("getopt_long", hook_getopt_long),
	HOOK("getopt_long_only", hook_getopt_long_only),
	HOOK("getpwnam", hook_getpwnam),
	HOOK("getpwuid", hook_getpwuid),
	HOOK("gmtime", hook_gmtime),
	HOOK("localtime", hook_localtime),
	HOOK("rand", hook_rand),
	HOOK("random", hook_random),
	HOOK("setlocale", hook_setlocale),
	HOOK("srand", hook_srandom),
	HOOK("srandom", hook_srandom),
	HOOK("strtok", hook_strtok),
	{ NULL, NULL },
};
