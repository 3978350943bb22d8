#include "analyzer/clang_options.h"

#include <string.h>

#include "analyzer/compdb.h"
#include "base/cleanup.h"
#include "data/data.h"

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

char *clang_options_named(const char *diagnostic)
{
	static const char *const words[] = { "unknown argument",       "unsupported argument",
					     "unsupported option",     "unknown warning option",
					     "optimization flag",      "invalid value",
					     "invalid integral value", NULL };
	const char *const *word = words;
	const char *quote;

	while (diagnostic && *word && !starts_with(diagnostic, *word))
		word++;
	if (!diagnostic || !*word)
		return NULL;
	quote = strstr(diagnostic, "'-");
	return quote ? xstrndup(quote + 1, strcspn(quote + 1, "'")) : xstrdup("-m");
}

/* The list has a name a line. */
static bool is_listed(const char *name, size_t n)
{
	const char *line = data_gcc_options_txt;

	for (; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, n) && line[n] == '\n')
			return true;
	}
	return false;
}

bool clang_options_tell(const char *option)
{
	const char *name = option + 2;

	if (starts_with(option, "-march=") || starts_with(option, "-mcpu=") ||
	    starts_with(option, "-Wp,"))
		return true; /* macros depend on it */
	if (starts_with(option, "-m") || starts_with(option, "-W") || starts_with(option, "-O") ||
	    starts_with(option, "-g") || starts_with(option, "--param"))
		return false;
	if (!starts_with(option, "-f"))
		return true;
	if (starts_with(name, "no-"))
		name += strlen("no-");
	return !is_listed(name, strcspn(name, "="));
}

char *clang_options_without(const char *option)
{
	return xasprintf("read without %s, which libclang does not know", option);
}

/* Those whose value is anything never are the trouble, and are many. */
static bool may_be_refused(const char *arg)
{
	return arg[0] == '-' && arg[1] && !strchr("IDUi", arg[1]);
}

static bool is_taken(CXIndex index, const char *compiler, const char *option, const char *value)
{
	const char *argv[] = { compiler, option, value };
	struct CXUnsavedFile empty = { .Filename = "/concur-options.c", .Contents = "" };
	CXTranslationUnit unit = NULL;
	enum CXErrorCode code = clang_parseTranslationUnit2FullArgv(
		index, empty.Filename, argv, value ? 3 : 2, &empty, 1, 0, &unit);

	if (unit)
		clang_disposeTranslationUnit(unit);
	return code == CXError_Success;
}

bool clang_options_plain(const struct strings *argv, struct strings *kept)
{
	vec_each (argv, arg)
		if (!kept->n || clang_options_tell(*arg) ||
		    !(starts_with(*arg, "-f") || (starts_with(*arg, "-m") && strchr(*arg, '='))))
			strings_add(kept, *arg);
	return kept->n < argv->n;
}

bool clang_options_refused(CXIndex index, const struct strings *argv, struct strings *kept,
			   char **ret_told)
{
	bool any = false;

	for (size_t i = 0; i < argv->n; i++) {
		const char *arg = argv->items[i];
		bool pair = compdb_takes_value(arg) && i + 1 < argv->n;
		const char *value = pair ? argv->items[++i] : NULL;

		if (kept->n && may_be_refused(arg) &&
		    !is_taken(index, argv->items[0], arg, value)) {
			any = true;
			if (!*ret_told && clang_options_tell(arg))
				*ret_told = value ? xasprintf("%s %s", arg, value) : xstrdup(arg);
			continue;
		}
		strings_add(kept, arg);
		if (value)
			strings_add(kept, value);
	}
	return any;
}
