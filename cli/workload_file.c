#include "cli/workload_file.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/options.h"

struct reading {
	yaml_document_t document;
	const char *what;
	struct workload_file file;
};

void workload_file_clear(struct workload_file *file)
{
	strings_clear(&file->args);
	strings_clear(&file->command);
	strings_clear(&file->tasks);
}

__attribute__((format(printf, 3, 4))) static struct error *
wrong(const struct reading *r, const yaml_node_t *at, const char *fmt, ...)
{
	CLEANUP(cleanup_free) char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return error_new(ERROR_USAGE, "%s:%zu: %s", r->what, at->start_mark.line + 1, text);
}

/* NULL: it is no text, or one with a NUL byte. */
static const char *text_of(const yaml_node_t *node)
{
	const char *s = (const char *)node->data.scalar.value;

	return node->type == YAML_SCALAR_NODE && strlen(s) == node->data.scalar.length ? s : NULL;
}

/* A text, or a list of texts. */
static struct error *read_texts(struct reading *r, const char *key, yaml_node_t *node,
				struct strings *ret)
{
	if (text_of(node)) {
		strings_add(ret, text_of(node));
		return NULL;
	}
	if (node->type != YAML_SEQUENCE_NODE)
		return wrong(r, node, "%s: want a text or a list of texts", key);
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		yaml_node_t *text = yaml_document_get_node(&r->document, *item);

		if (!text_of(text))
			return wrong(r, text, "%s: want texts", key);
		strings_add(ret, text_of(text));
	}
	return NULL;
}

/* "--outputs=A --outputs=B", but "--workers=2,4". */
static void add_option(struct reading *r, const char *key, const struct strings *values)
{
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };

	vec_each (values, value) {
		if (!strcmp(key, "outputs"))
			vec_push(&r->file.args, xasprintf("--%s=%s", key, *value));
		strbuf_addf(&all, "%s%s", all.len ? "," : "", *value);
	}
	if (strcmp(key, "outputs") != 0)
		vec_push(&r->file.args, xasprintf("--%s=%s", key, strbuf_str(&all)));
}

static struct error *read_pair(struct reading *r, yaml_node_t *key, yaml_node_t *value)
{
	CLEANUP(strings_clear) struct strings values = { 0 };
	const char *name = text_of(key);
	bool flag = false;
	struct error *err;

	if (name && !strcmp(name, "command"))
		return read_texts(r, name, value, &r->file.command);
	if (name && !strcmp(name, "tasks"))
		return read_texts(r, name, value, &r->file.tasks);
	if (!name || !options_in_file(name, &flag))
		return wrong(r, key,
			     "unknown key \"%s\": want command, tasks, or the name of an option "
			     "of concur race",
			     name ? name : "(not a word)");
	err = read_texts(r, name, value, &values);
	if (err)
		return err;
	if (!flag) {
		add_option(r, name, &values);
		return NULL;
	}
	if (values.n != 1 || (strcmp(values.items[0], "true") && strcmp(values.items[0], "false")))
		return wrong(r, value, "%s: want true or false", name);
	if (!strcmp(values.items[0], "true"))
		vec_push(&r->file.args, xasprintf("--%s", name));
	return NULL;
}

static struct error *read_root(struct reading *r)
{
	yaml_node_t *root = yaml_document_get_root_node(&r->document);

	if (!root || root->type != YAML_MAPPING_NODE)
		return error_new(ERROR_USAGE, "%s: want keys, such as command and each", r->what);
	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		struct error *err = read_pair(r, yaml_document_get_node(&r->document, pair->key),
					      yaml_document_get_node(&r->document, pair->value));

		if (err)
			return err;
	}
	return NULL;
}

struct error *workload_file_parse(const char *yaml, size_t n, const char *what,
				  struct workload_file *ret)
{
	struct reading r = { .what = what };
	struct error *err;
	yaml_parser_t parser;

	if (!yaml_parser_initialize(&parser))
		abort(); /* out of memory */
	yaml_parser_set_input_string(&parser, (const unsigned char *)yaml, n);
	if (yaml_parser_load(&parser, &r.document)) {
		err = read_root(&r);
		yaml_document_delete(&r.document);
	} else {
		err = error_new(ERROR_USAGE, "%s:%zu: %s", what, parser.problem_mark.line + 1,
				parser.problem ? parser.problem : "cannot be read");
	}
	yaml_parser_delete(&parser);
	if (err) {
		workload_file_clear(&r.file);
		return err;
	}
	*ret = r.file;
	return NULL;
}

struct error *workload_file_read(const char *path, struct workload_file *ret)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err = file_read(path, &text);

	if (err)
		return error_reclass(error_wrap(err, "--workload"), ERROR_USAGE);
	return workload_file_parse(strbuf_str(&text), text.len, path, ret);
}
