#include "model/workload.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

void strings_add(struct strings *s, const char *text)
{
	vec_push(s, xstrdup(text));
}

void strings_clear(struct strings *s)
{
	vec_each (s, text)
		free(*text);
	vec_clear(s);
}

void target_clear(struct target *t)
{
	free(t->program);
	free(t->digest);
	free(t->build_dir);
	free(t->git_commit);
	free(t->git_branch);
	*t = (struct target){ 0 };
}

void workload_clear(struct workload *w)
{
	free(w->id);
	free(w->unit);
	strings_clear(&w->argv);
	strings_clear(&w->tasks);
	*w = (struct workload){ 0 };
}

/* What was put in is not looked at again: a task may itself contain "{}". */
static char *fill(const char *template, const char *task)
{
	struct strbuf out = { 0 };
	const char *hole;

	while ((hole = strstr(template, "{}"))) {
		strbuf_addn(&out, template, (size_t)(hole - template));
		strbuf_add(&out, task);
		template = hole + strlen("{}");
	}
	strbuf_add(&out, template);
	return strbuf_detach(&out);
}

char **workload_argv(const struct workload *w, const char *program, size_t task)
{
	size_t n = w->argv.n ? w->argv.n : 1;
	char **argv = xcalloc(n + 1, sizeof(*argv));

	assert(task < w->tasks.n);
	argv[0] = xstrdup(program);
	for (size_t i = 1; i < n; i++)
		argv[i] = fill(w->argv.items[i], w->tasks.items[task]);
	return argv;
}

void workload_argv_free(char **argv)
{
	for (char **arg = argv; arg && *arg; arg++)
		free(*arg);
	free(argv);
}
