#include "report/pages.h"

#include <string.h>
#include <strings.h>

/* Assembled in, the second right behind the first: see CMakeLists.txt. */
extern const char report_glossary_text[], report_rules_text[];

static int heading_level(const char *line)
{
	if (!strncmp(line, "# ", 2))
		return 1;
	return !strncmp(line, "## ", 3) && line < report_rules_text ? 2 : 0;
}

static const char *next_heading(const char *line)
{
	while (*line && !heading_level(line)) {
		const char *end = strchr(line, '\n');

		line = end ? end + 1 : line + strlen(line);
	}
	return line;
}

bool pages_next(struct topic *t)
{
	const char *line = next_heading(t->body ? t->body + t->body_n : report_glossary_text);

	if (!*line)
		return false;
	t->level = heading_level(line);
	t->heading = line + t->level + 1;
	t->heading_n = strcspn(t->heading, "\n");
	t->body = t->heading + t->heading_n;
	t->body_n = (size_t)(next_heading(t->body) - t->body);
	return true;
}

size_t topic_name_n(const struct topic *t)
{
	size_t n = 0;

	while (n < t->heading_n && t->heading[n] != ',' && t->heading[n] != ':')
		n++;
	return n;
}

static bool has_name(const struct topic *t, const char *name)
{
	struct topic rest = *t;

	for (;;) {
		size_t n = topic_name_n(&rest);

		if (n == strlen(name) && !strncasecmp(rest.heading, name, n))
			return true;
		if (n == rest.heading_n || rest.heading[n] == ':')
			return false;
		n += 1 + (rest.heading[n + 1] == ' ');
		rest.heading += n;
		rest.heading_n -= n;
	}
}

bool pages_find(const char *name, struct topic *ret)
{
	struct topic t = { 0 };

	while (pages_next(&t)) {
		if (has_name(&t, name)) {
			*ret = t;
			return true;
		}
	}
	return false;
}

const char *topic_code(const struct topic *t, size_t *n)
{
	const char *end = t->body + t->body_n;
	const char *open = memmem(t->body, t->body_n, "\n```c\n", 6), *close;

	if (!open)
		return NULL;
	open += 6;
	close = memmem(open, (size_t)(end - open), "\n```", 4);
	*n = close ? (size_t)(close + 1 - open) : 0;
	return close ? open : NULL;
}
