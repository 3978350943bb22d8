#include "analyzer/project.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/yaml_file.h"

#define FILE_NAME ".concur.yaml"

struct reading {
	yaml_document_t document;
	const char *what;
	struct catalogue *cat;
};

/* A word, or a list of words, as one cell of the table. */
static struct error *read_words(struct reading *r, const char *key, yaml_node_t *node, char **ret)
{
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };

	if (yaml_text(node)) {
		*ret = xstrdup(yaml_text(node));
		return NULL;
	}
	if (node->type != YAML_SEQUENCE_NODE)
		return yaml_wrong(r->what, node, "%s: want a word or a list of words", key);
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		yaml_node_t *word = yaml_document_get_node(&r->document, *item);

		if (!yaml_text(word))
			return yaml_wrong(r->what, word, "%s: want words", key);
		strbuf_addf(&out, "%s%s", out.len ? " " : "", yaml_text(word));
	}
	*ret = xstrdup(out.len ? strbuf_str(&out) : "-");
	return NULL;
}

static int column_of(const char *key)
{
	static const char *const keys[CATALOGUE_COLUMNS] = {
		"name", "header", "effects", "mt", "replacement", "conditions", "source",
	};

	for (int i = 0; i < CATALOGUE_COLUMNS; i++)
		if (key && !strcmp(keys[i], key))
			return i;
	return -1;
}

static void free_cells(char *(*cells)[CATALOGUE_COLUMNS])
{
	for (int i = 0; i < CATALOGUE_COLUMNS; i++)
		free((*cells)[i]);
}

static struct error *read_cell(struct reading *r, yaml_node_t *key, yaml_node_t *value,
			       char **cells)
{
	const char *name = yaml_text(key);
	int column = column_of(name);

	if (column < 0)
		return yaml_wrong(
			r->what, key,
			"unknown key \"%s\": want name, header, effects, mt, replacement, "
			"conditions or source",
			name ? name : "(not a word)");
	if (cells[column])
		return yaml_wrong(r->what, key, "%s: there already", name);
	if (column == CATALOGUE_EFFECTS || column == CATALOGUE_CONDITIONS)
		return read_words(r, name, value, &cells[column]);
	if (!yaml_text(value) || !*yaml_text(value))
		return yaml_wrong(r->what, value, "%s: want a text", name);
	cells[column] = xstrdup(yaml_text(value));
	return NULL;
}

/* The line of the key is told, not that of the entry. */
static struct error *set_cell(struct reading *r, yaml_node_t *key, char *const *cells, int column)
{
	struct error *err = catalogue_set(r->cat, cells[CATALOGUE_NAME], column, cells[column]);

	if (!err)
		return NULL;
	return error_reclass(error_wrap(err, "%s:%zu: %s: %s", r->what, key->start_mark.line + 1,
					cells[CATALOGUE_NAME], yaml_text(key)),
			     ERROR_USAGE);
}

static struct error *read_function(struct reading *r, yaml_node_t *node)
{
	CLEANUP(free_cells) char *cells[CATALOGUE_COLUMNS] = { NULL };
	yaml_node_pair_t *pairs = node->data.mapping.pairs.start;
	struct error *err;
	size_t n;

	if (node->type != YAML_MAPPING_NODE)
		return yaml_wrong(r->what, node,
				  "functions: want a list of entries, each with a name");
	n = (size_t)(node->data.mapping.pairs.top - pairs);
	for (size_t i = 0; i < n; i++) {
		err = read_cell(r, yaml_document_get_node(&r->document, pairs[i].key),
				yaml_document_get_node(&r->document, pairs[i].value), cells);
		if (err)
			return err;
	}
	if (!cells[CATALOGUE_NAME])
		return yaml_wrong(r->what, node, "functions: an entry has no name");
	catalogue_own(r->cat, cells[CATALOGUE_NAME]);
	for (size_t i = 0; i < n; i++) {
		yaml_node_t *key = yaml_document_get_node(&r->document, pairs[i].key);
		int column = column_of(yaml_text(key));

		err = column == CATALOGUE_NAME ? NULL : set_cell(r, key, cells, column);
		if (err)
			return err;
	}
	return NULL;
}

static struct error *read_root(struct reading *r)
{
	yaml_node_t *root = yaml_document_get_root_node(&r->document);

	if (!root)
		return NULL; /* empty */
	if (root->type != YAML_MAPPING_NODE)
		return yaml_wrong(r->what, root, "want keys: functions");
	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(&r->document, pair->key);
		yaml_node_t *list = yaml_document_get_node(&r->document, pair->value);
		const char *name = yaml_text(key);

		if (!name || strcmp(name, "functions") != 0)
			continue; /* options of commands, for whoever reads those */
		if (list->type != YAML_SEQUENCE_NODE)
			return yaml_wrong(r->what, list,
					  "functions: want a list of entries, each with a name");
		for (yaml_node_item_t *item = list->data.sequence.items.start;
		     item < list->data.sequence.items.top; item++) {
			struct error *err =
				read_function(r, yaml_document_get_node(&r->document, *item));

			if (err)
				return err;
		}
	}
	return NULL;
}

struct error *project_parse(const char *yaml, size_t n, const char *what, struct catalogue *cat)
{
	struct reading r = { .what = what, .cat = cat };
	struct error *err = yaml_file_parse(yaml, n, what, &r.document);

	if (err)
		return err;
	err = read_root(&r);
	yaml_document_delete(&r.document);
	return err;
}

char *project_find(const char *directory)
{
	return path_find_upward(directory, FILE_NAME);
}

struct error *project_load(const char *directory, struct catalogue *cat)
{
	CLEANUP(cleanup_free) char *path = project_find(directory);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err;

	if (!path)
		return NULL;
	err = file_read(path, &text);
	return err ? err : project_parse(strbuf_str(&text), text.len, path, cat);
}
