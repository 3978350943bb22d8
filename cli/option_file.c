#include "cli/option_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/yaml_file.h"
#include "cli/options.h"

struct reading {
	yaml_document_t document;
	const char *what;
	enum option_file_kind kind;
	struct strings seen; /* keys */
	struct option_file file;
};

static const char *const wants[] = {
	[FILE_WORKLOAD] = "command, tasks, or the name of an option of concur race",
	[FILE_USER] = "an option that concur advise --dump-config lists",
	[FILE_PROJECT] = "functions, or an option that concur advise --dump-config lists",
};

void option_file_clear(struct option_file *file)
{
	strings_clear(&file->args);
	strings_clear(&file->origins);
	strings_clear(&file->runs);
	strings_clear(&file->command);
	strings_clear(&file->tasks);
}

/* A text, or a list of texts. */
static struct error *read_texts(struct reading *r, const char *key, yaml_node_t *node,
				struct strings *ret)
{
	if (yaml_text(node)) {
		strings_add(ret, yaml_text(node));
		return NULL;
	}
	if (node->type != YAML_SEQUENCE_NODE)
		return yaml_wrong(r->what, node, "%s: want a text or a list of texts", key);
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		yaml_node_t *text = yaml_document_get_node(&r->document, *item);

		if (!yaml_text(text))
			return yaml_wrong(r->what, text, "%s: want texts", key);
		strings_add(ret, yaml_text(text));
	}
	return NULL;
}

static void add_arg(struct reading *r, const yaml_node_t *key, char *arg)
{
	vec_push(&r->file.args, arg);
	vec_push(&r->file.origins, xasprintf("%s:%zu", r->what, key->start_mark.line + 1));
}

/* A path of a configuration is relative to the file it stands in. */
static char *path_of(const struct reading *r, const char *value)
{
	CLEANUP(cleanup_free) char *dir = xstrdup(r->what);
	char *slash = strrchr(dir, '/');

	if (r->kind == FILE_WORKLOAD || *value == '/' || !strcmp(value, "-") || !slash)
		return xstrdup(value);
	*slash = '\0';
	return path_join(*dir ? dir : "/", value);
}

/* "--outputs=A --outputs=B", but "--workers=2,4". */
static void add_option(struct reading *r, const yaml_node_t *key, const struct option_place *place,
		       const struct strings *values)
{
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };

	vec_each (values, value) {
		CLEANUP(cleanup_free)
		char *text = place->is_path ? path_of(r, *value) : xstrdup(*value);

		if (!strcmp(place->name, "outputs"))
			add_arg(r, key, xasprintf("--%s=%s", place->name, text));
		strbuf_addf(&all, "%s%s", all.len ? "," : "", text);
	}
	if (strcmp(place->name, "outputs") != 0)
		add_arg(r, key, xasprintf("--%s=%s", place->name, strbuf_str(&all)));
	if (place->runs && r->kind == FILE_PROJECT)
		strings_add(&r->file.runs, r->file.origins.items[r->file.origins.n - 1]);
}

static struct error *add_flag(struct reading *r, const yaml_node_t *key, yaml_node_t *value,
			      const struct option_place *place, const struct strings *values)
{
	bool on = values->n == 1 && !strcmp(values->items[0], "true");

	if (!on && (values->n != 1 || strcmp(values->items[0], "false") != 0))
		return yaml_wrong(r->what, value, "%s: want true or false", place->name);
	add_arg(r, key, xasprintf("--%s%s", place->name, on ? "" : "=false"));
	return NULL;
}

static struct error *read_option(struct reading *r, yaml_node_t *key, yaml_node_t *value,
				 const char *name)
{
	CLEANUP(strings_clear) struct strings values = { 0 };
	struct option_place place = { 0 };
	struct error *err;

	if (!name || !options_find(name, &place) ||
	    !(r->kind == FILE_WORKLOAD ? place.in_workload : place.in_config))
		return yaml_wrong(r->what, key, "unknown key \"%s\": want %s",
				  name ? name : "(not a word)", wants[r->kind]);
	err = read_texts(r, name, value, &values);
	if (err)
		return err;
	if (place.is_flag)
		return add_flag(r, key, value, &place, &values);
	if (!values.n || !*values.items[0])
		return yaml_wrong(r->what, value, "%s: has no value", name);
	add_option(r, key, &place, &values);
	return NULL;
}

static struct error *read_pair(struct reading *r, yaml_node_t *key, yaml_node_t *value)
{
	const char *name = yaml_text(key);

	vec_each (&r->seen, other)
		if (name && !strcmp(*other, name))
			return yaml_wrong(r->what, key, "%s: there already", name);
	strings_add(&r->seen, name ? name : "");
	if (name && r->kind == FILE_WORKLOAD && !strcmp(name, "command"))
		return read_texts(r, name, value, &r->file.command);
	if (name && r->kind == FILE_WORKLOAD && !strcmp(name, "tasks"))
		return read_texts(r, name, value, &r->file.tasks);
	if (name && r->kind == FILE_PROJECT && !strcmp(name, "functions"))
		return NULL;
	return read_option(r, key, value, name);
}

static struct error *read_root(struct reading *r)
{
	yaml_node_t *root = yaml_document_get_root_node(&r->document);

	if (!root && r->kind != FILE_WORKLOAD)
		return NULL; /* empty */
	if (!root || root->type != YAML_MAPPING_NODE)
		return error_new(ERROR_USAGE, "%s:%zu: want keys, such as %s", r->what,
				 root ? root->start_mark.line + 1 : 1,
				 r->kind == FILE_WORKLOAD ? "command and each" : "budget: 60");
	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		struct error *err = read_pair(r, yaml_document_get_node(&r->document, pair->key),
					      yaml_document_get_node(&r->document, pair->value));

		if (err)
			return err;
	}
	return NULL;
}

struct error *option_file_parse(const char *yaml, size_t n, const char *what,
				enum option_file_kind kind, struct option_file *ret)
{
	struct reading r = { .what = what, .kind = kind };
	struct error *err = yaml_file_parse(yaml, n, what, &r.document);

	if (err)
		return err;
	err = read_root(&r);
	yaml_document_delete(&r.document);
	strings_clear(&r.seen);
	if (err) {
		option_file_clear(&r.file);
		return err;
	}
	*ret = r.file;
	return NULL;
}

struct error *option_file_read(const char *path, enum option_file_kind kind,
			       struct option_file *ret)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err = file_read(path, &text);

	if (err)
		return error_reclass(kind == FILE_WORKLOAD ? error_wrap(err, "--workload") : err,
				     ERROR_USAGE);
	return option_file_parse(strbuf_str(&text), text.len, path, kind, ret);
}
