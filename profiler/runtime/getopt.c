#include "profiler/runtime/getopt.h"

#include <stdlib.h>
#include <string.h>

/* Swap the skipped non-options [first, last) with the options [last, optind) after them. */
static void exchange(struct getopt_state *g, char **argv)
{
	int bottom = g->first_other, middle = g->last_other, top = *g->optind;

	/* Rotating by reversal keeps the order within both. */
	for (int i = bottom, k = middle - 1; i < k; i++, k--) {
		char *t = argv[i];

		argv[i] = argv[k];
		argv[k] = t;
	}
	for (int i = middle, k = top - 1; i < k; i++, k--) {
		char *t = argv[i];

		argv[i] = argv[k];
		argv[k] = t;
	}
	for (int i = bottom, k = top - 1; i < k; i++, k--) {
		char *t = argv[i];

		argv[i] = argv[k];
		argv[k] = t;
	}
	g->first_other += top - middle;
	g->last_other = top;
}

static void start(struct getopt_state *g, const char *shorts)
{
	if (*g->optind == 0)
		*g->optind = 1;
	g->first_other = g->last_other = *g->optind;
	g->next = NULL;
	if (*shorts == '-')
		g->order = GETOPT_RETURN_IN_ORDER;
	else if (*shorts == '+' || getenv("POSIXLY_CORRECT"))
		g->order = GETOPT_REQUIRE_ORDER;
	else
		g->order = GETOPT_PERMUTE;
	g->started = true;
}

static bool is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] != '\0';
}

/*
 * Bring optind to the next element that holds an option. Returns 0, or what getopt returns
 * instead: -1 at the end, 1 for a non-option in order.
 */
static int advance(struct getopt_state *g, int argc, char **argv)
{
	if (g->last_other > *g->optind)
		g->last_other = *g->optind;
	if (g->first_other > *g->optind)
		g->first_other = *g->optind;
	if (g->order == GETOPT_PERMUTE) {
		if (g->first_other != g->last_other && g->last_other != *g->optind)
			exchange(g, argv);
		else if (g->last_other != *g->optind)
			g->first_other = *g->optind;
		while (*g->optind < argc && !is_option(argv[*g->optind]))
			++*g->optind;
		g->last_other = *g->optind;
	}
	if (*g->optind != argc && strcmp(argv[*g->optind], "--") == 0) {
		++*g->optind;
		if (g->first_other != g->last_other && g->last_other != *g->optind)
			exchange(g, argv);
		else if (g->first_other == g->last_other)
			g->first_other = *g->optind;
		g->last_other = argc;
		*g->optind = argc;
	}
	if (*g->optind == argc) {
		if (g->first_other != g->last_other)
			*g->optind = g->first_other;
		return -1;
	}
	if (!is_option(argv[*g->optind])) {
		if (g->order == GETOPT_REQUIRE_ORDER)
			return -1;
		*g->optarg = argv[(*g->optind)++];
		return 1;
	}
	return 0;
}

struct match {
	const struct option *option;
	int index;
	bool ambiguous;
};

/* An exact name, or the only one it abbreviates (or several that mean the same). */
static struct match find_long(const struct option *longs, const char *name, size_t n,
			      bool long_only)
{
	struct match m = { 0 };

	for (int i = 0; longs[i].name; i++) {
		const struct option *o = &longs[i];

		if (strncmp(o->name, name, n) != 0)
			continue;
		if (strlen(o->name) == n)
			return (struct match){ o, i, false };
		if (!m.option)
			m = (struct match){ o, i, false };
		else if (long_only || m.option->has_arg != o->has_arg ||
			 m.option->flag != o->flag || m.option->val != o->val)
			m.ambiguous = true;
	}
	return m;
}

static int take_long(struct getopt_state *g, int argc, char **argv, const struct match *m,
		     char *value, const char *prefix, bool say, bool colon, int *long_index)
{
	const struct option *o = m->option;

	g->next = NULL;
	if (value && !o->has_arg) {
		if (say)
			fprintf(g->err, "%s: option '%s%s' doesn't allow an argument\n", argv[0],
				prefix, o->name);
		*g->optopt = o->val;
		return '?';
	}
	if (value) {
		*g->optarg = value;
	} else if (o->has_arg == required_argument) {
		if (*g->optind >= argc) {
			if (say)
				fprintf(g->err, "%s: option '%s%s' requires an argument\n", argv[0],
					prefix, o->name);
			*g->optopt = o->val;
			return colon ? ':' : '?';
		}
		*g->optarg = argv[(*g->optind)++];
	}
	if (long_index)
		*long_index = m->index;
	if (o->flag) {
		*o->flag = o->val;
		return 0;
	}
	return o->val;
}

/* g->next is at the name. -1: no such long option, and it may be short ones. */
static int long_option(struct getopt_state *g, int argc, char **argv, const char *shorts,
		       const struct option *longs, int *long_index, bool long_only,
		       const char *prefix, bool say, bool colon)
{
	size_t n = strcspn(g->next, "=");
	char *value = g->next[n] ? g->next + n + 1 : NULL;
	struct match m = find_long(longs, g->next, n, long_only);

	if (m.ambiguous) {
		if (say)
			fprintf(g->err, "%s: option '%s%s' is ambiguous\n", argv[0], prefix,
				g->next);
	} else if (m.option) {
		++*g->optind;
		return take_long(g, argc, argv, &m, value, prefix, say, colon, long_index);
	} else if (long_only && argv[*g->optind][1] != '-' && strchr(shorts, *g->next)) {
		return -1;
	} else if (say) {
		fprintf(g->err, "%s: unrecognized option '%s%s'\n", argv[0], prefix, g->next);
	}
	g->next = NULL;
	++*g->optind;
	*g->optopt = 0;
	return '?';
}

/* The rest of the cluster, or the next element. */
static int short_argument(struct getopt_state *g, int argc, char **argv, int c, bool optional,
			  bool say, bool colon)
{
	if (*g->next) {
		*g->optarg = g->next;
		++*g->optind;
	} else if (optional) {
		*g->optarg = NULL;
	} else if (*g->optind == argc) {
		if (say)
			fprintf(g->err, "%s: option requires an argument -- '%c'\n", argv[0], c);
		*g->optopt = c;
		c = colon ? ':' : '?';
	} else {
		*g->optarg = argv[(*g->optind)++];
	}
	g->next = NULL;
	return c;
}

static int short_option(struct getopt_state *g, int argc, char **argv, const char *shorts,
			const struct option *longs, int *long_index, bool say, bool colon)
{
	int c = (unsigned char)*g->next++;
	const char *at = c == ':' || c == ';' ? NULL : strchr(shorts, c);

	if (!*g->next)
		++*g->optind;
	if (!at) {
		if (say)
			fprintf(g->err, "%s: invalid option -- '%c'\n", argv[0], c);
		*g->optopt = c;
		return '?';
	}
	if (at[0] == 'W' && at[1] == ';' && longs) { /* -W foo is --foo */
		c = short_argument(g, argc, argv, c, false, say, colon);
		if (c != 'W')
			return c;
		g->next = *g->optarg;
		*g->optarg = NULL;
		--*g->optind;
		return long_option(g, argc, argv, shorts, longs, long_index, false, "-W ", say,
				   colon);
	}
	if (at[1] == ':')
		return short_argument(g, argc, argv, c, at[2] == ':', say, colon);
	return c;
}

int getopt_next(struct getopt_state *g, int argc, char **argv, const char *shorts,
		const struct option *longs, int *long_index, bool long_only)
{
	bool say = *g->opterr, colon;
	const char *arg;
	int ret;

	if (argc < 1)
		return -1;
	*g->optarg = NULL;
	if (*g->optind == 0 || !g->started)
		start(g, shorts);
	if (*shorts == '-' || *shorts == '+')
		shorts++;
	colon = *shorts == ':';
	if (colon)
		say = false;
	if (!g->next || !*g->next) {
		ret = advance(g, argc, argv);
		if (ret)
			return ret;
		arg = argv[*g->optind];
		if (longs && arg[1] == '-') {
			g->next = (char *)arg + 2;
			return long_option(g, argc, argv, shorts, longs, long_index, long_only,
					   "--", say, colon);
		}
		g->next = (char *)arg + 1;
		if (longs && long_only && (arg[2] || !strchr(shorts, arg[1]))) {
			ret = long_option(g, argc, argv, shorts, longs, long_index, true, "-", say,
					  colon);
			if (ret != -1)
				return ret;
		}
	}
	return short_option(g, argc, argv, shorts, longs, long_index, say, colon);
}
