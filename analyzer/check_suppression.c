#include <string.h>
#include <uthash.h>

#include "analyzer/analyzer.h"
#include "analyzer/checks.h"
#include "analyzer/suppressions.h"
#include "base/cleanup.h"
#include "base/file.h"

struct file_seen {
	const char *path;
	UT_hash_handle hh;
};

static void cleanup_seen(struct file_seen **seen)
{
	struct file_seen *f, *next;

	HASH_ITER (hh, *seen, f, next) {
		HASH_DEL(*seen, f);
		free(f);
	}
}

/* What cannot be read any more holds no suppressions. */
static void read_file(const char *path, struct file_seen **seen, struct suppressions *list)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct file_seen *f;
	struct error *err;

	HASH_FIND_STR(*seen, path, f);
	if (f)
		return;
	f = xcalloc(1, sizeof(*f));
	f->path = path;
	HASH_ADD_KEYPTR(hh, *seen, f->path, strlen(path), f);
	err = file_read(path, &text);
	error_free(err);
	if (!err)
		suppressions_read(strbuf_str(&text), path, list);
}

/* The unit itself, and what it includes of the project. */
static void read_unit(const struct program *p, const struct tu *tu, struct file_seen **seen,
		      struct suppressions *list)
{
	read_file(tu_string(tu, tu->file), seen, list);
	vec_each (&tu->includes, include) {
		const char *path = tu_string(tu, *include);

		if (program_path(p, path) != path)
			read_file(path, seen, list);
	}
}

/* All that speak of the fact are used by it; one with a reason is enough: that
 * reason, or NULL. */
static const char *excuse_for(const struct program *p, struct suppressions *list,
			      const struct fact *f)
{
	const char *ret = NULL;

	vec_each (list, s) {
		if ((uint32_t)f->line < s->line || (uint32_t)f->line > s->last || !s->line ||
		    s->is_end || (strcmp(s->check, "*") != 0 && strcmp(s->check, f->check) != 0) ||
		    strcmp(program_path(p, s->file), f->file) != 0)
			continue;
		s->used = true;
		ret = ret ? ret : s->reason;
	}
	return ret;
}

static void drop_suppressed(const struct program *p, struct suppressions *list, struct facts *facts)
{
	size_t kept = 0;

	for (size_t i = 0; list->n && i < facts->n; i++) {
		struct fact *f = &facts->items[i];
		const char *excuse = excuse_for(p, list, f);

		if (excuse) {
			f->excuse = xstrdup(excuse);
			vec_push(&facts->silenced, *f);
		} else {
			facts->items[kept++] = *f;
		}
	}
	if (list->n) {
		facts->suppressed = facts->n - kept;
		facts->n = kept;
	}
}

static void complain(struct fact_list *list, const struct suppression *s, const char *effect,
		     const char *text, const char *advice)
{
	struct fact *f = fact_list_add(list, s->file, s->at_line, s->at_column, s->check, effect);

	if (!f)
		return;
	f->detail = xasprintf("the suppression of %s %s", s->check, text);
	f->advice = xstrdup(advice);
}

void check_suppression(const struct check_context *c, struct fact_list *list)
{
	CLEANUP(cleanup_seen) struct file_seen *seen = NULL;
	CLEANUP(suppressions_clear) struct suppressions all = { 0 };
	const struct program *p = c->program;

	vec_each (&p->units, unit)
		read_unit(p, &unit->tu, &seen, &all);
	drop_suppressed(p, &all, list->facts);
	vec_each (&all, s) {
		if (strcmp(s->check, "*") != 0 && !analyzer_check_find(s->check))
			complain(list, s, "unknown-check", "names no check of concur",
				 "docs/rules/ has a page for each check");
		else if (s->is_end)
			complain(list, s, "unbalanced", "ends what never began",
				 "begin it, or remove it");
		else if (!s->reason)
			complain(list, s, "no-reason", "gives no reason, and so does not count",
				 "write the reason after it");
		else if (s->last == UINT32_MAX)
			complain(list, s, "unbalanced", "begins and never ends",
				 "end it: ignore-end, or NOLINTEND");
		else if (!s->used && !p->in_part)
			complain(list, s, "unused", "has nothing to suppress", "remove it");
	}
}
