/*
 * copy_env.c - every job has its own environment
 *
 * Programs set variables, and some write into their text for a moment. The hooks see the worker's
 * environment; libc's own look-ups (TZ, LC_ALL) see that of the process, in which the trial began.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profiler/runtime/copy.h"
#include "profiler/runtime/hooks.h"

extern char **environ;

static size_t count(char **env)
{
	size_t n = 0;

	while (env && env[n])
		n++;
	return n;
}

int copy_env_init(struct copy *c)
{
	size_t n = count(environ), size = (n + 1) * sizeof(char *);

	for (size_t i = 0; i < n; i++)
		size += strlen(environ[i]) + 1;
	c->environ_room = host_memory(size);
	return c->environ_room ? 0 : -ENOMEM;
}

void copy_env_begin(struct copy *c)
{
	size_t n = count(environ);
	char *text = (char *)(c->environ_room + n + 1);

	for (size_t i = 0; i < n; i++) {
		size_t length = strlen(environ[i]) + 1;

		c->environ_room[i] = memcpy(text, environ[i], length);
		text += length;
	}
	c->environ_room[n] = NULL;
	*c->environ = c->environ_room;
}

/* --- the hooks -------------------------------------------------------------------------------- */

char **hook_environ(void)
{
	return copy_self ? *copy_self->environ : environ;
}

/* The entry of a name of n bytes, or NULL. */
static char **find(char **env, const char *name, size_t n)
{
	for (; env && *env; env++) {
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return env;
	}
	return NULL;
}

static char *hook_getenv(const char *name)
{
	size_t n = strlen(name);
	char **at = find(hook_environ(), name, n);

	return at ? *at + n + 1 : NULL;
}

/* A larger array, with the text taken over. What the job allocates, it leaves: so does a program. */
static int append(char *text)
{
	char **env = hook_environ();
	size_t n = count(env);
	char **more = malloc((n + 2) * sizeof(*more));

	if (!more)
		return -1;
	if (n)
		memcpy(more, env, n * sizeof(*more));
	more[n] = text;
	more[n + 1] = NULL;
	*copy_self->environ = more;
	return 0;
}

static int hook_unsetenv(const char *name)
{
	size_t n = strlen(name);
	char **at;

	if (!copy_self)
		return unsetenv(name);
	if (!n || strchr(name, '=')) {
		errno = EINVAL;
		return -1;
	}
	while ((at = find(hook_environ(), name, n))) {
		for (; *at; at++)
			at[0] = at[1];
	}
	return 0;
}

static int hook_putenv(char *text)
{
	size_t n = strcspn(text, "=");
	char **at;

	if (!copy_self)
		return putenv(text);
	if (!text[n])
		return hook_unsetenv(text);
	at = find(hook_environ(), text, n);
	if (!at)
		return append(text);
	*at = text;
	return 0;
}

static int hook_setenv(const char *name, const char *value, int overwrite)
{
	size_t n = strlen(name), size = n + strlen(value) + 2;
	char *text;

	if (!copy_self)
		return setenv(name, value, overwrite);
	if (!n || strchr(name, '=')) {
		errno = EINVAL;
		return -1;
	}
	if (!overwrite && find(hook_environ(), name, n))
		return 0;
	text = malloc(size);
	if (!text)
		return -1;
	memcpy(text, name, n);
	text[n] = '=';
	memcpy(text + n + 1, value, size - n - 1);
	return hook_putenv(text);
}

static int hook_clearenv(void)
{
	if (!copy_self)
		return clearenv();
	*copy_self->environ = NULL;
	return 0;
}

/* Sorted by name. */
const struct hook hooks_env[] = {
	HOOK("__secure_getenv", hook_getenv), HOOK("clearenv", hook_clearenv),
	HOOK("getenv", hook_getenv),          HOOK("putenv", hook_putenv),
	HOOK("secure_getenv", hook_getenv),   HOOK("setenv", hook_setenv),
	HOOK("unsetenv", hook_unsetenv),      { NULL, NULL },
};
