#include "analyzer/catalogue.h"

#include <ctype.h>
#include <string.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/vec.h"

struct row {
	struct catalogue_entry entry;
	UT_hash_handle hh;
};

struct catalogue {
	char *text; /* the strings of all rows */
	struct row *rows;
	struct {
		VEC_FIELDS(char *);
	} own; /* the strings of the project's own */
	bool has_own;
};

static const struct {
	const char *key, *wait, *words;
} effects[] = {
#define X(id, key, wait, words) [id] = { key, wait, words },
	EFFECTS(X)
#undef X
};

const char *effect_key(enum effect effect)
{
	return effects[effect].key;
}

const char *effect_wait(enum effect effect)
{
	return effects[effect].wait;
}

const char *effect_words(enum effect effect)
{
	return effects[effect].words;
}

/* Values that conditions may name; those of Linux on every architecture glibc runs on, but for a
 * few flags on alpha, mips, parisc and sparc. */
static const struct {
	const char *name;
	int64_t value;
} constants[] = {
	{ "NULL", 0 },
	{ "MSG_DONTWAIT", 0x40 },
	{ "WNOHANG", 1 },
	{ "O_NONBLOCK", 04000 },
	{ "LOCK_NB", 4 },
	{ "IPC_NOWAIT", 04000 },
	{ "SOCK_NONBLOCK", 04000 },
	{ "LOCK_UN", 8 },
	{ "F_SETLKW", 7 },
	{ "GLOB_TILDE", 1 << 12 | 1 << 14 }, /* and GLOB_TILDE_CHECK */
};

static bool parse_value(const char *s, int64_t *ret)
{
	char *end;

	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		if (!strcmp(s, constants[i].name)) {
			*ret = constants[i].value;
			return true;
		}
	*ret = strtoll(s, &end, 0);
	return *s && !*end;
}

/* "noblock:arg4&MSG_DONTWAIT", "mtsafe:arg1==NULL", "writes:arg1"; arguments count from 1. */
static struct error *parse_condition(char *s, struct catalogue_entry *e)
{
	static const char *const kinds[] = { "noblock:arg", "mtsafe:arg", "mtunsafe:arg",
					     "writes:arg" };
	struct condition c = { .test = TEST_ALWAYS };
	size_t kind = 0;
	char *end;
	long n;

	while (kind < 4 && strncmp(s, kinds[kind], strlen(kinds[kind])) != 0)
		kind++;
	if (kind == 4)
		return error_new(ERROR_INPUT,
				 "condition \"%s\" begins with none of noblock:arg, "
				 "mtsafe:arg, mtunsafe:arg, writes:arg",
				 s);
	c.kind = (enum condition_kind)kind;
	n = strtol(s + strlen(kinds[kind]), &end, 10);
	if (n < 1 || n > 16)
		return error_new(ERROR_INPUT, "condition \"%s\": no argument number 1 to 16", s);
	c.argument = (uint8_t)(n - 1);
	if (*end == '&' || !strncmp(end, "==", 2)) {
		c.test = *end == '&' ? TEST_BITS : TEST_EQUAL;
		end += *end == '&' ? 1 : 2;
		if (!parse_value(end, &c.value))
			return error_new(ERROR_INPUT, "condition \"%s\": unknown value", s);
	} else if (*end || c.kind != CONDITION_WRITES) {
		return error_new(ERROR_INPUT, "condition \"%s\": neither == nor & a value", s);
	}
	if (e->conditions_n == sizeof(e->conditions) / sizeof(e->conditions[0]))
		return error_new(ERROR_INPUT, "more than %zu conditions", e->conditions_n);
	e->conditions[e->conditions_n++] = c;
	return NULL;
}

static struct error *parse_effect(char *s, struct catalogue_entry *e)
{
	for (int i = 0; i < EFFECT_COUNT; i++)
		if (!strcmp(s, effects[i].key)) {
			e->effects |= EFFECT_BIT(i);
			return NULL;
		}
	return error_new(ERROR_INPUT, "unknown effect \"%s\"", s);
}

static struct error *parse_words(char *s, struct catalogue_entry *e,
				 struct error *(*parse)(char *, struct catalogue_entry *))
{
	char *save = NULL;

	if (!strcmp(s, "-"))
		return NULL;
	for (char *word = strtok_r(s, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		struct error *err = parse(word, e);

		if (err)
			return err;
	}
	return NULL;
}

/* "2.32", up to one of the characters in `ends`; *ret_end is there. */
static unsigned parse_version(const char *s, const char *ends, const char **ret_end)
{
	char *end;
	unsigned long major, minor;

	if (!isdigit((unsigned char)*s))
		return 0;
	major = strtoul(s, &end, 10);
	if (*end != '.' || !isdigit((unsigned char)end[1]))
		return 0;
	minor = strtoul(end + 1, &end, 10);
	if (major > 99 || minor > 999 || !strchr(ends, *end))
		return 0;
	*ret_end = end;
	return (unsigned)(1000 * major + minor);
}

unsigned catalogue_version(const char *s)
{
	const char *end;

	return parse_version(s, ".", &end); /* strchr() finds the final NUL too */
}

static struct error *parse_mt(char *s, struct catalogue_entry *e)
{
	static const char unsafe[] = "unsafe:", before[] = "unsafe before glibc ";
	static const char wide[] = "process-wide:";
	const char *why = s + strlen(unsafe);

	if (!strcmp(s, "-") || !strcmp(s, "safe") || !strncmp(s, "safe:", 5))
		return NULL;
	if (!strncmp(s, before, strlen(before))) {
		e->safe_since = parse_version(s + strlen(before), ":", &why);
		if (!e->safe_since || *why++ != ':')
			return error_new(ERROR_INPUT,
					 "mt is \"%s\": want a version as 2.32, then a colon", s);
	} else if (!strncmp(s, wide, strlen(wide))) {
		e->mt_wide = true;
		why = s + strlen(wide);
	} else if (strncmp(s, unsafe, strlen(unsafe)) != 0) {
		return error_new(ERROR_INPUT,
				 "mt is \"%s\": want -, safe, safe: WHY, unsafe: WHY, "
				 "process-wide: WHY or unsafe before glibc N.N: WHY",
				 s);
	}
	e->mt_unsafe = why + strspn(why, " ");
	return NULL;
}

static struct error *parse_cell(char *cell, int column, struct catalogue_entry *e)
{
	switch (column) {
	case CATALOGUE_HEADER:
		e->header = cell;
		return NULL;
	case CATALOGUE_EFFECTS:
		e->effects = 0;
		return parse_words(cell, e, parse_effect);
	case CATALOGUE_MT:
		e->mt_unsafe = NULL;
		e->safe_since = 0;
		e->mt_wide = false;
		return parse_mt(cell, e);
	case CATALOGUE_REPLACEMENT:
		e->replacement = strcmp(cell, "-") ? cell : NULL;
		return NULL;
	case CATALOGUE_CONDITIONS:
		e->conditions_n = 0;
		return parse_words(cell, e, parse_condition);
	case CATALOGUE_SOURCE:
		e->source = cell;
		return NULL;
	default:
		e->name = cell;
		return *cell ? NULL : error_new(ERROR_INPUT, "no name");
	}
}

static struct row *find(const struct catalogue *cat, const char *name)
{
	struct row *row;

	HASH_FIND_STR(cat->rows, name, row);
	return row;
}

static void add_row(struct catalogue *cat, struct row *row)
{
	HASH_ADD_KEYPTR(hh, cat->rows, row->entry.name, strlen(row->entry.name), row);
}

static struct error *parse_row(char *line, struct catalogue *cat)
{
	struct row row = { 0 }, *added;
	char *cell[CATALOGUE_COLUMNS];
	struct error *err = NULL;
	int n = 0;

	while (line && n < CATALOGUE_COLUMNS)
		cell[n++] = strsep(&line, "\t");
	if (n != CATALOGUE_COLUMNS || line)
		return error_new(ERROR_INPUT, "%s%d columns, want %d", line ? "more than " : "", n,
				 CATALOGUE_COLUMNS);
	for (int i = 0; i < n && !err; i++)
		err = parse_cell(cell[i], i, &row.entry);
	if (!err && find(cat, cell[0]))
		err = error_new(ERROR_INPUT, "there already");
	if (err)
		return *cell[0] ? error_wrap(err, "%s", cell[0]) : err;
	added = xmalloc(sizeof(*added));
	*added = row;
	add_row(cat, added);
	return NULL;
}

static char *keep(struct catalogue *cat, const char *text)
{
	char *copy = xstrdup(text);

	vec_push(&cat->own, copy);
	return copy;
}

void catalogue_own(struct catalogue *cat, const char *name)
{
	struct row *row = find(cat, name);

	if (!row) {
		row = xcalloc(1, sizeof(*row));
		row->entry.name = keep(cat, name);
		row->entry.header = row->entry.source = "-";
		add_row(cat, row);
	}
	row->entry.is_own = cat->has_own = true;
}

struct error *catalogue_set(struct catalogue *cat, const char *name, int column, const char *text)
{
	return parse_cell(keep(cat, text), column, &find(cat, name)->entry);
}

bool catalogue_has_own(const struct catalogue *cat)
{
	return cat->has_own;
}

struct error *catalogue_parse(const char *text, const char *what, struct catalogue **ret)
{
	CLEANUP(catalogue_clear) struct catalogue *cat = xcalloc(1, sizeof(*cat));
	char *rest, *line;
	int n = 0;

	cat->text = rest = xstrdup(text);
	while ((line = strsep(&rest, "\n"))) {
		struct error *err;

		n++;
		if (!*line || *line == '#')
			continue;
		err = parse_row(line, cat);
		if (err)
			return error_wrap(err, "%s:%d", what, n);
	}
	*ret = MOVE(cat);
	return NULL;
}

void catalogue_free(struct catalogue *cat)
{
	struct row *row, *next;

	if (!cat)
		return;
	HASH_ITER (hh, cat->rows, row, next) {
		HASH_DEL(cat->rows, row);
		free(row);
	}
	vec_each (&cat->own, text)
		free(*text);
	vec_clear(&cat->own);
	free(cat->text);
	free(cat);
}

void catalogue_clear(struct catalogue **cat)
{
	catalogue_free(*cat);
	*cat = NULL;
}

const struct catalogue_entry *catalogue_find(const struct catalogue *cat, const char *name)
{
	const struct row *row = find(cat, name);

	return row ? &row->entry : NULL;
}

bool catalogue_has(const struct catalogue_entry *e, enum condition_kind kind)
{
	for (size_t i = 0; i < e->conditions_n; i++)
		if (e->conditions[i].kind == kind)
			return true;
	return false;
}

size_t catalogue_size(const struct catalogue *cat)
{
	return HASH_COUNT(cat->rows);
}
