#include "db/finding.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "db/parts.h"

static const char *const keys[] = {
	"line", "check", "function", "symbol", "effect", "detail", "advice",
};

#define KEYS (sizeof(keys) / sizeof(*keys))

/* Each part ends with a NUL, and an absent one differs from an empty one. */
static void add_part(struct strbuf *sb, const char *part)
{
	strbuf_addch(sb, part ? '+' : '-');
	strbuf_add(sb, part ? part : "");
	strbuf_addch(sb, '\0');
}

struct digest finding_identity(const struct fact *fact)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	add_part(&sb, fact->check);
	add_part(&sb, fact->file);
	add_part(&sb, fact->function);
	add_part(&sb, fact->symbol);
	return digest_bytes(sb.s, sb.len);
}

static void bind_value(struct query *q, const json_t *value)
{
	if (json_is_integer(value))
		query_int(q, json_integer_value(value));
	else
		query_text(q, json_string_value(value)); /* NULL for null */
}

void finding_bind(struct query *q, json_t *json)
{
	CLEANUP(cleanup_free) char *rest = NULL;

	for (size_t i = 0; i < KEYS; i++) {
		bind_value(q, json_object_get(json, keys[i]));
		json_object_del(json, keys[i]);
	}
	json_object_del(json, "file");
	rest = parts_text(json);
	query_text(q, rest);
}

static json_t *column_value(const struct query *q, int column)
{
	if (sqlite3_column_type(q->stmt, column) == SQLITE_NULL)
		return json_null();
	if (sqlite3_column_type(q->stmt, column) == SQLITE_INTEGER)
		return json_integer(sqlite3_column_int64(q->stmt, column));
	return json_string(query_column_text(q, column));
}

json_t *finding_read(const struct query *q, int first)
{
	const char *rest = query_column_text(q, first + 1 + (int)KEYS);
	json_t *json = rest ? json_loads(rest, JSON_REJECT_DUPLICATES, NULL) : NULL;
	int bad = json_object_set_new(json, "file", column_value(q, first));

	for (size_t i = 0; i < KEYS; i++)
		bad |= json_object_set_new(json, keys[i], column_value(q, first + 1 + (int)i));
	if (!bad)
		return json;
	json_decref(json);
	return NULL;
}
