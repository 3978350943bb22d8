#include "analyzer/suppressions.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"

struct scanner {
	const char *file, *at;
	uint32_t line;
	const char *line_start;
	bool code;      /* on this line, so far */
	size_t waiting; /* index of the first suppression that speaks of the next line with code */
	struct suppressions *list;
};

enum target { TARGET_HERE, TARGET_NEXT_LINE, TARGET_NEXT_CODE, TARGET_BEGIN, TARGET_END };

static const struct marker {
	const char *text;
	char close;
	const char *prefix; /* of check names that are meant for us */
	enum target target; /* when it is alone on its line */
} markers[] = {
	{ "concur: ignore[", ']', "", TARGET_NEXT_CODE },
	{ "concur: ignore-begin[", ']', "", TARGET_BEGIN },
	{ "concur: ignore-end[", ']', "", TARGET_END },
	{ "NOLINT(", ')', "concur-", TARGET_HERE },
	{ "NOLINTNEXTLINE(", ')', "concur-", TARGET_NEXT_LINE },
	{ "NOLINTBEGIN(", ')', "concur-", TARGET_BEGIN },
	{ "NOLINTEND(", ')', "concur-", TARGET_END },
};

/* Up to the end of the line or comment, or to what another tool reads there; NULL: no word. Owned by
 * the caller. */
static char *reason_in(const char *s, const char *end)
{
	const char *stop = s;

	while (stop < end && *stop != '\n' && strncmp(stop, "//", 2) != 0)
		stop++;
	while (s < stop && !isalnum((unsigned char)*s))
		s++;
	while (stop > s && isspace((unsigned char)stop[-1]))
		stop--;
	return s < stop ? xstrndup(s, (size_t)(stop - s)) : NULL;
}

/* The innermost of this file that still runs. */
static bool end_range(const struct scanner *s, const char *check)
{
	for (size_t i = s->list->n; i-- > 0;) {
		struct suppression *item = &s->list->items[i];

		if (item->file != s->file || item->last != UINT32_MAX ||
		    strcmp(item->check, check) != 0)
			continue;
		item->last = s->line;
		return true;
	}
	return false;
}

static void add(struct scanner *s, const struct marker *m, const char *name, size_t n,
		const struct suppression *like)
{
	size_t prefix = strlen(m->prefix);
	struct suppression item = *like;

	if (n <= prefix || strncmp(name, m->prefix, prefix) != 0)
		return;
	item.check = xstrndup(name + prefix, n - prefix);
	if (m->target == TARGET_END && end_range(s, item.check)) {
		free(item.check);
		return;
	}
	item.reason = like->reason ? xstrdup(like->reason) : NULL;
	item.is_end = m->target == TARGET_END;
	if (m->target == TARGET_NEXT_LINE)
		item.line = s->line + 1;
	else if (m->target != TARGET_NEXT_CODE || s->code)
		item.line = s->line;
	item.last = m->target == TARGET_BEGIN ? UINT32_MAX : item.line;
	vec_push(s->list, item);
}

/* "a,b] reason" from `names` on. */
static void read_marker(struct scanner *s, const struct marker *m, const char *at, const char *end)
{
	const char *name = at + strlen(m->text);
	const char *close = memchr(name, m->close, (size_t)(end - name));
	CLEANUP(cleanup_free) char *reason = NULL;
	struct suppression like = { .file = s->file,
				    .at_line = s->line,
				    .at_column = (uint32_t)(at - s->line_start) + 1 };

	if (!close)
		return;
	reason = reason_in(close + 1, end);
	like.reason = reason;
	while (name < close) {
		size_t n = strcspn(name, ",])");
		size_t skip = strspn(name, " ");
		size_t used = n;

		while (used > skip && name[used - 1] == ' ')
			used--;
		if (skip < used)
			add(s, m, name + skip, used - skip, &like);
		name += n + 1;
	}
}

static void new_line(struct scanner *s)
{
	s->line++;
	s->line_start = s->at + 1;
	s->code = false;
}

/* Only what a comment, or a line of it, begins with: the middle of a sentence only talks of it. */
static bool begins_line(const char *from, const char *at)
{
	while (at > from && (at[-1] == ' ' || at[-1] == '\t' || at[-1] == '*'))
		at--;
	return at == from || at[-1] == '\n';
}

/* From the first character behind the opening to the end; s->at is there afterwards. */
static void read_comment(struct scanner *s, bool block)
{
	const char *from = s->at;
	const char *end = block ? strstr(s->at, "*/") : strchr(s->at, '\n');

	if (!end)
		end = s->at + strlen(s->at);
	for (; s->at < end; s->at++) {
		if (*s->at == '\n')
			new_line(s);
		for (size_t i = 0; i < sizeof(markers) / sizeof(markers[0]); i++)
			if (*s->at == *markers[i].text &&
			    !strncmp(s->at, markers[i].text, strlen(markers[i].text)) &&
			    begins_line(from, s->at))
				read_marker(s, &markers[i], s->at, end);
	}
	if (block && *s->at)
		s->at += 2;
}

/* A literal ends with its line, even when nothing closes it. */
static void skip_literal(struct scanner *s, char quote)
{
	for (s->at++; *s->at && *s->at != quote && *s->at != '\n'; s->at++)
		if (*s->at == '\\' && s->at[1]) {
			s->at++;
			if (*s->at == '\n')
				new_line(s);
		}
	if (*s->at == quote)
		s->at++;
}

static void saw_code(struct scanner *s)
{
	s->code = true;
	for (; s->waiting < s->list->n; s->waiting++)
		if (!s->list->items[s->waiting].line)
			s->list->items[s->waiting].line = s->list->items[s->waiting].last = s->line;
}

void suppressions_read(const char *text, const char *file, struct suppressions *list)
{
	struct scanner s = { .file = file,
			     .at = text,
			     .line = 1,
			     .line_start = text,
			     .waiting = list->n,
			     .list = list };

	if (!strstr(text, "concur: ignore") && !strstr(text, "NOLINT"))
		return; /* as in nearly every file */
	while (*s.at) {
		if (s.at[0] == '/' && (s.at[1] == '/' || s.at[1] == '*')) {
			bool block = s.at[1] == '*';

			s.at += 2;
			read_comment(&s, block);
			continue;
		}
		if (!isspace((unsigned char)*s.at))
			saw_code(&s);
		if (*s.at == '"' || *s.at == '\'') {
			skip_literal(&s, *s.at);
			continue;
		}
		if (*s.at == '\n')
			new_line(&s);
		s.at++;
	}
}

void suppressions_clear(struct suppressions *list)
{
	vec_each (list, item) {
		free(item->check);
		free(item->reason);
	}
	vec_clear(list);
}
