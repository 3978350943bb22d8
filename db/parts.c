#include "db/parts.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "model/run_json.h"

static void json_clear(json_t **json)
{
	json_decref(*json);
}

void parts_clear(struct parts *parts)
{
	free(parts->document);
	free(parts->machine);
	free(parts->workload);
	json_decref(parts->facts);
	*parts = (struct parts){ 0 };
}

char *parts_text(const json_t *json)
{
	return json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
}

static struct error *parse(const char *text, json_t **ret)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);

	if (!json)
		return error_new(ERROR_INPUT, "%s", error.text);
	*ret = json;
	return NULL;
}

/* The text of a member, which is removed. */
static char *take(json_t *object, const char *key)
{
	char *text = parts_text(json_object_get(object, key));

	json_object_del(object, key);
	return text;
}

/* What cannot be read again must not be stored. */
static struct error *check_readable(const char *text)
{
	CLEANUP(run_clear) struct run run = { 0 };

	return run_json_parse(text, strlen(text), &run);
}

struct error *parts_of(const struct run *run, struct parts *ret)
{
	CLEANUP(cleanup_free) char *text = run_json_text(run);
	CLEANUP(json_clear) json_t *root = NULL;
	struct error *err = check_readable(text);

	if (!err)
		err = parse(text, &root);
	if (err)
		return err;
	ret->machine = take(root, "machine");
	ret->workload = take(root, "workload");
	ret->facts = json_incref(json_object_get(root, "facts"));
	json_object_del(root, "facts");
	ret->document = parts_text(root);
	return NULL;
}

static struct error *put(json_t *object, const char *key, const char *text)
{
	json_t *value = NULL;
	struct error *err = parse(text, &value);

	if (err)
		return error_wrap(err, "%s", key);
	json_object_set_new(object, key, value);
	return NULL;
}

struct error *parts_join(const struct parts *parts, struct run *ret)
{
	CLEANUP(json_clear) json_t *root = NULL;
	struct error *err = parse(parts->document, &root);

	if (!err && !json_is_object(root))
		err = error_new(ERROR_INPUT, "not an object");
	if (!err)
		err = put(root, "machine", parts->machine);
	if (!err)
		err = put(root, "workload", parts->workload);
	if (err)
		return err;
	json_object_set(root, "facts", parts->facts);
	return run_json_read(root, ret);
}
