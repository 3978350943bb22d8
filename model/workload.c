#include "model/workload.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "model/keys.h"

KEYS_DEFINE(compare, COMPARISONS)
KEYS_DEFINE_FROM(compare)
KEYS_DEFINE(process_way, PROCESS_WAYS)
KEYS_DEFINE_FROM(process_way)

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
	free(t->rebuilt);
	free(t->unit.types);
	*t = (struct target){ 0 };
}

void workload_clear(struct workload *w)
{
	free(w->id);
	free(w->unit);
	strings_clear(&w->argv);
	strings_clear(&w->tasks);
	free(w->stdin_path);
	strings_clear(&w->outputs);
	free(w->offload);
	free(w->run_as);
	free(w->setup);
	free(w->teardown);
	*w = (struct workload){ 0 };
}

bool workload_expects(const struct workload *w, int code)
{
	if (code < 0 || code > 255)
		return false;
	return code == w->expected_exit || w->also_expected[code / 64] >> code % 64 & 1;
}

void workload_expect(struct workload *w, int code)
{
	w->also_expected[code / 64] |= 1ull << code % 64;
}

static void strings_copy(const struct strings *from, struct strings *to)
{
	vec_each (from, text)
		strings_add(to, *text);
}

static char *copy_text(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

struct workload workload_subset(const struct workload *w, const size_t *numbers, size_t n)
{
	struct workload ret = *w;

	ret.id = copy_text(w->id);
	ret.unit = copy_text(w->unit);
	ret.stdin_path = copy_text(w->stdin_path);
	ret.offload = copy_text(w->offload);
	ret.run_as = copy_text(w->run_as);
	ret.setup = copy_text(w->setup);
	ret.teardown = copy_text(w->teardown);
	ret.argv = (struct strings){ 0 };
	ret.tasks = (struct strings){ 0 };
	ret.outputs = (struct strings){ 0 };
	strings_copy(&w->argv, &ret.argv);
	strings_copy(&w->outputs, &ret.outputs);
	for (size_t i = 0; i < n; i++)
		strings_add(&ret.tasks, w->tasks.items[numbers[i]]);
	return ret;
}

/* --- templates -------------------------------------------------------------------------------- */

#define OUT "{out}"

static unsigned count_fields(const char *task)
{
	unsigned n = 1;

	for (; *task; task++)
		n += *task == '\t';
	return n;
}

unsigned workload_fields_given(const struct workload *w, size_t *fewest)
{
	unsigned least = 0, most = 0;

	for (size_t i = 0; i < w->tasks.n; i++) {
		unsigned n = count_fields(w->tasks.items[i]);

		most = n > most ? n : most;
		if (i == 0 || n < least) {
			least = n;
			*fewest = i;
		}
	}
	return most > 1 ? least : 0;
}

/* The N of "{N}", which ends at *end; 0: `s` does not begin with one. */
static unsigned field_number(const char *s, const char **end)
{
	unsigned n = 0;

	if (*s != '{' || s[1] < '1' || s[1] > '9')
		return 0;
	for (s++; *s >= '0' && *s <= '9' && n < 10000; s++)
		n = 10 * n + (unsigned)(*s - '0');
	*end = s + 1;
	return *s == '}' ? n : 0;
}

static void add_field(struct strbuf *out, const char *task, unsigned n)
{
	while (--n && task) {
		task = strchr(task, '\t');
		task = task ? task + 1 : NULL;
	}
	if (task)
		strbuf_addn(out, task, strcspn(task, "\t"));
}

/* What was put in is not looked at again: a task may itself contain "{}". */
char *workload_fill(const struct workload *w, const char *template, size_t task, const char *out)
{
	const char *text = w->tasks.items[task], *end;
	bool fields = strchr(text, '\t');
	struct strbuf ret = { 0 };

	while (*template) {
		unsigned n = fields ? field_number(template, &end) : 0;

		if (n) {
			add_field(&ret, text, n);
			template = end;
		} else if (strncmp(template, "{}", 2) == 0) {
			strbuf_add(&ret, text);
			template += 2;
		} else if (out && strncmp(template, OUT, strlen(OUT)) == 0) {
			strbuf_add(&ret, out);
			template += strlen(OUT);
		} else {
			strbuf_addch(&ret, *template ++);
		}
	}
	return strbuf_detach(&ret);
}

/* All templates but the program's name, one after another; NULL after the last. */
static const char *template_at(const struct workload *w, size_t i)
{
	size_t args = w->argv.n ? w->argv.n - 1 : 0;

	if (i < args)
		return w->argv.items[i + 1];
	i -= args;
	if (i < w->outputs.n)
		return w->outputs.items[i];
	return i == w->outputs.n ? w->stdin_path : NULL;
}

bool workload_names(const struct workload *w, const char *hole)
{
	const char *template;

	for (size_t i = 0; (template = template_at(w, i)); i++) {
		if (strstr(template, hole))
			return true;
	}
	return false;
}

unsigned workload_fields_named(const struct workload *w)
{
	const char *template, *end;
	unsigned most = 0;

	for (size_t i = 0; (template = template_at(w, i)); i++) {
		for (; *template; template ++) {
			unsigned n = field_number(template, &end);

			most = n > most ? n : most;
		}
	}
	return most;
}

char **workload_argv(const struct workload *w, const char *program, size_t task, const char *out)
{
	size_t n = w->argv.n ? w->argv.n : 1;
	char **argv = xcalloc(n + 1, sizeof(*argv));

	assert(task < w->tasks.n);
	argv[0] = xstrdup(program);
	for (size_t i = 1; i < n; i++)
		argv[i] = workload_fill(w, w->argv.items[i], task, out);
	return argv;
}

void workload_argv_free(char **argv)
{
	for (char **arg = argv; arg && *arg; arg++)
		free(*arg);
	free(argv);
}
