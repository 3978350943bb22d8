#include "cli/config.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/option_file.h"
#include "cli/output.h"

/* "budget" of "--budget=60" */
static size_t name_length(const char *arg)
{
	return strcspn(arg + 2, "=");
}

static bool same_option(const char *a, const char *b)
{
	size_t n = name_length(a);

	return n == name_length(b) && !strncmp(a + 2, b + 2, n);
}

/* A flag that is switched off takes away what a weaker place has switched on. */
static void drop(struct option_sources *s, const char *arg)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->args.n; i++) {
		if (same_option(s->args.items[i], arg)) {
			free(s->args.items[i]);
			free(s->origins.items[i]);
			continue;
		}
		s->args.items[kept] = s->args.items[i];
		s->origins.items[kept++] = s->origins.items[i];
	}
	s->args.n = s->origins.n = kept;
}

static void add(struct option_sources *s, int groups, const char *arg, const char *origin)
{
	struct option_place place = { 0 };
	CLEANUP(cleanup_free) char *name = xstrndup(arg + 2, name_length(arg));

	if (!options_find(name, &place) || (place.groups && !(place.groups & groups)))
		return; /* of another command */
	if (place.is_flag)
		drop(s, arg);
	if (place.is_flag && strchr(arg, '='))
		return;
	strings_add(&s->args, arg);
	strings_add(&s->origins, origin);
}

/* Those of the project's commands that this command of ours would run. */
static struct error *check_trust(const struct options *options, int groups,
				 const struct option_file *file)
{
	if (options->trust || !file->runs.n || !(groups & OPTIONS_TASKS))
		return NULL;
	return error_hint(error_new(ERROR_USAGE, "%s: a project's file runs no command unasked",
				    file->runs.items[0]),
			  "read it, and add --trust");
}

static struct error *add_file(struct options *options, int groups, const char *path,
			      enum option_file_kind kind)
{
	CLEANUP(option_file_clear) struct option_file file = { 0 };
	struct error *err = option_file_read(path, kind, &file);

	err = err ? err : check_trust(options, groups, &file);
	if (err)
		return err;
	strings_add(&options->sources.files, path);
	for (size_t i = 0; i < file.args.n; i++)
		add(&options->sources, groups, file.args.items[i], file.origins.items[i]);
	if (kind == FILE_WORKLOAD) {
		options->tasks = file.tasks;
		options->command = file.command;
		file.tasks = file.command = (struct strings){ 0 };
	}
	return NULL;
}

static char *user_file(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return path_join(config, "concur/config.yaml");
	return home && *home == '/' ? path_join(home, ".config/concur/config.yaml") : NULL;
}

static char *variable_of(const char *name)
{
	char *ret = xasprintf("CONCUR_%s", name);

	for (char *s = ret; *s; s++)
		*s = *s == '-' ? '_' : (char)toupper((unsigned char)*s);
	return ret;
}

static struct error *add_environment(struct options *options, int groups)
{
	const struct argp_option *o;

	for (size_t i = 0; (o = options_next(groups, &i));) {
		struct option_place place = { 0 };
		CLEANUP(cleanup_free) char *variable = o->name ? variable_of(o->name) : NULL;
		const char *value = variable ? getenv(variable) : NULL;
		CLEANUP(cleanup_free) char *arg = NULL;
		bool on;

		if (!value || !*value || !options_find(o->name, &place) || !place.in_config)
			continue;
		on = !strcmp(value, "1") || !strcmp(value, "true");
		if (place.is_flag && !on && strcmp(value, "0") != 0 && strcmp(value, "false") != 0)
			return error_new(ERROR_USAGE, "%s: '%s' is none of 1, true, 0, false",
					 variable, value);
		arg = place.is_flag ? xasprintf("--%s%s", o->name, on ? "" : "=false")
				    : xasprintf("--%s=%s", o->name, value);
		add(&options->sources, groups, arg, variable);
	}
	return NULL;
}

struct error *config_gather(struct options *options, int groups)
{
	CLEANUP(cleanup_free) char *user = user_file();
	CLEANUP(cleanup_free) char *project = path_find_upward(".", CONFIG_PROJECT);
	struct error *err = NULL;

	if (user && file_exists(user))
		err = add_file(options, groups, user, FILE_USER);
	if (!err && project)
		err = add_file(options, groups, project, FILE_PROJECT);
	if (!err)
		err = add_environment(options, groups);
	if (!err && options->workload_file)
		err = add_file(options, groups, options->workload_file, FILE_WORKLOAD);
	return err;
}

/* --- --dump-config ---------------------------------------------------------------------------- */

/* "60" of "Time limit (default: 60)", "exec" of "exec: a fresh process (default); fork: ..."; NULL:
 * none is said. Owned by the caller. */
static char *default_of(const struct argp_option *o)
{
	const char *at = strstr(o->doc, "(default: "), *end;

	if (!o->arg)
		return xstrdup("off");
	if (strstr(o->doc, "(default)"))
		return xstrndup(o->doc, strcspn(o->doc, ":"));
	if (!at)
		return NULL;
	at += strlen("(default: ");
	end = strrchr(at, ')');
	return xstrndup(at, end ? (size_t)(end - at) : strlen(at));
}

static const struct option_seen *seen_of(const struct options *options, const char *name)
{
	const struct option_seen *ret = NULL;

	vec_each (&options->sources.seen, seen)
		if (!strcmp(seen->name, name))
			ret = seen; /* the last one wins */
	return ret;
}

static char *value_of(const struct options *options, const struct option_seen *seen)
{
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };

	if (strcmp(seen->name, "outputs") != 0)
		return xstrdup(seen->value ? seen->value : "true");
	vec_each (&options->sources.seen, one)
		if (!strcmp(one->name, seen->name))
			strbuf_addf(&all, "%s%s", all.len ? "," : "", one->value);
	return xstrdup(strbuf_str(&all));
}

/* As YAML reads it back: as it is, or as JSON writes it. */
static char *quoted(const char *value)
{
	json_t *text;
	char *ret;

	if (*value && !value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_./,%")])
		return xstrdup(value);
	text = json_string(value);
	ret = text ? json_dumps(text, JSON_ENCODE_ANY) : xstrdup("\"(not UTF-8)\"");
	json_decref(text);
	return ret;
}

static void dump_option(const struct options *options, const struct argp_option *o,
			struct strbuf *out, json_t *list)
{
	const struct option_seen *seen = seen_of(options, o->name);
	CLEANUP(cleanup_free) char *preset = default_of(o);
	CLEANUP(cleanup_free) char *value = seen ? value_of(options, seen) : NULL;
	CLEANUP(cleanup_free) char *text = value ? quoted(value) : NULL;
	CLEANUP(cleanup_free)
	char *pair = text ? xasprintf("%s: %s", o->name, text) : xasprintf("# %s:", o->name);

	strbuf_addf(out, "%-31s %s%s\n", pair, seen ? "# " : "",
		    seen     ? seen->origin
		    : preset ? preset
			     : "not said");
	json_array_append_new(list, json_pack("{s:s, s:s?, s:s, s:s?}", "name", o->name, "value",
					      value, "from", seen ? seen->origin : "default",
					      "default", preset));
}

void config_dump(const struct command *command, const struct options *options, int groups)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	json_t *list = json_array(), *files = json_array();
	const struct argp_option *o;

	strbuf_addf(&text,
		    "# concur %s: command line > CONCUR_* > " CONFIG_PROJECT " > the user's own\n",
		    command->name);
	vec_each (&options->sources.files, file) {
		strbuf_addf(&text, "# read: %s\n", *file);
		json_array_append_new(files, json_string(*file));
	}
	for (size_t i = 0; (o = options_next(groups, &i));) {
		struct option_place place = { 0 };

		if (o->name && options_find(o->name, &place) &&
		    (place.in_config || place.in_workload))
			dump_option(options, o, &text, list);
	}
	if (options->json) {
		json_t *root = json_pack("{s:s, s:s, s:o, s:o}", "schema", "concur.config/1",
					 "command", command->name, "files", files, "options", list);
		CLEANUP(cleanup_free) char *dump = json_dumps(root, JSON_INDENT(2));

		output_text(dump);
		output_text("\n");
		json_decref(root);
		return;
	}
	output_text(strbuf_str(&text));
	json_decref(list);
	json_decref(files);
}
