#include "profiler/runtime/hooks.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "profiler/runtime/copy.h"

FILE *hook_stdout(void)
{
	return copy_self ? *copy_self->out : stdout;
}

FILE *hook_stderr(void)
{
	return copy_self ? *copy_self->err : stderr;
}

void *hook_find(const char *name)
{
	static const struct hook *const tables[] = { hooks_end, hooks_env, hooks_stdio,
						     hooks_process, hooks_state };
	void *ret = NULL;

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		const struct hook *hook = tables[i];

		while (hook->name && strcmp(hook->name, name) < 0)
			hook++;
		if (hook->name && strcmp(hook->name, name) == 0)
			memcpy(&ret, &hook->function, sizeof(ret));
	}
	return ret;
}
