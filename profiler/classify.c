#include "profiler/classify.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"

static int rule_compare(const void *a, const void *b)
{
	const struct wait_rule *x = a, *y = b;
	int order = strcmp(x->symbol, y->symbol);

	return order ? order : (int)y->prefix - (int)x->prefix;
}

static bool class_from_key(const char *key, enum rule_class *ret)
{
	static const char *const keys[] = { "specific", "generic", "skip" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!strcmp(key, keys[i])) {
			*ret = (enum rule_class)i;
			return true;
		}
	}
	return false;
}

static struct error *parse_line(char *line, struct classifier *c)
{
	struct wait_rule rule = { 0 };
	char *rest = line, *kind, *class, *symbol;
	size_t before = c->n;

	kind = strsep(&rest, "\t");
	class = strsep(&rest, "\t");
	if (!class || !rest)
		return error_new(ERROR_INPUT, "expected kind, class and symbols between tabs");
	if (!wait_kind_from_key(kind, &rule.kind))
		return error_new(ERROR_INPUT, "no wait kind is called \"%s\"", kind);
	if (!class_from_key(class, &rule.class))
		return error_new(ERROR_INPUT, "\"%s\" is not specific, generic or skip", class);
	while ((symbol = strsep(&rest, " "))) {
		size_t len = strlen(symbol);

		if (!len)
			continue;
		rule.prefix = symbol[len - 1] == '*';
		if (rule.prefix)
			symbol[--len] = '\0';
		if (!len || strchr(symbol, '*'))
			return error_new(ERROR_INPUT, "a * stands at the end of a symbol only");
		rule.symbol = symbol;
		rule.len = len;
		vec_push(c, rule);
	}
	if (c->n == before)
		return error_new(ERROR_INPUT, "no symbol");
	return NULL;
}

struct error *classifier_parse(const char *text, struct classifier *ret)
{
	CLEANUP(classifier_clear) struct classifier c = { .text = xstrdup(text) };
	char *rest = c.text, *line;

	for (int number = 1; (line = strsep(&rest, "\n")); number++) {
		struct error *err;

		if (!*line || *line == '#')
			continue;
		err = parse_line(line, &c);
		if (err)
			return error_wrap(err, "wait sites, line %d", number);
	}
	if (c.n)
		qsort(c.items, c.n, sizeof(*c.items), rule_compare);
	*ret = c;
	c = (struct classifier){ 0 };
	return NULL;
}

void classifier_clear(struct classifier *c)
{
	vec_clear(c);
	free(c->text);
	c->text = NULL;
}

/* The symbol as the rules spell it: no compiler suffix, one name for every system call entry. */
static size_t plain_name(const char *symbol, char *name, size_t size)
{
	size_t len = strcspn(symbol, ".");

	if (!strncmp(symbol, "__", 2)) {
		const char *sys = strstr(symbol, "sys_");

		if (sys && sys > symbol + 1 && sys - symbol <= 8 && sys[-1] == '_') {
			len -= (size_t)(sys - symbol);
			symbol = sys;
		}
	}
	if (len >= size)
		len = size - 1;
	memcpy(name, symbol, len);
	name[len] = '\0';
	return len;
}

/* The exact rule called name[0..len), or the prefix rule; binary search. */
static const struct wait_rule *find(const struct classifier *c, const char *name, size_t len,
				    bool prefix)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct wait_rule *rule = &c->items[mid];
		int order = strncmp(name, rule->symbol, len);

		if (!order && rule->len > len)
			order = -1;
		if (!order && rule->prefix == prefix)
			return rule;
		if (!order) /* of two equal names the prefix comes first */
			order = prefix ? -1 : 1;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const struct wait_rule *classifier_rule(const struct classifier *c, const char *symbol)
{
	char name[128];
	size_t len = plain_name(symbol, name, sizeof(name));
	const struct wait_rule *rule = len ? find(c, name, len, false) : NULL;

	for (; !rule && len; len--)
		rule = find(c, name, len, true);
	return rule;
}

enum wait_kind classifier_kind(const struct classifier *c, const char *const *stack, size_t n,
			       const char **symbol)
{
	const char *generic_symbol = NULL, *first = NULL;
	enum wait_kind generic = WAIT_OTHER;

	for (size_t i = 0; i < n; i++) {
		const struct wait_rule *rule;

		if (!stack[i])
			continue;
		rule = classifier_rule(c, stack[i]);
		if (rule && rule->class == RULE_SPECIFIC) {
			*symbol = stack[i];
			return rule->kind;
		}
		if (rule && rule->class == RULE_SKIP)
			continue;
		if (!first)
			first = stack[i];
		if (rule && !generic_symbol) {
			generic_symbol = stack[i];
			generic = rule->kind;
		}
	}
	if (generic == WAIT_OTHER && first) /* sys_*: the frame further in says more */
		generic_symbol = first;
	*symbol = generic_symbol;
	return generic;
}
