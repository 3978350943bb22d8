#include "model/fields.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

_Static_assert(sizeof(enum field_type) == sizeof(unsigned), "enums are read as unsigned");

/* Any VEC_FIELDS(): copied in and out, because no array is of this type. */
struct any_vec {
	void *items;
	size_t n, cap;
};

static struct error *object_read(const struct shape *shape, const json_t *value, void *p,
				 const struct where *at) ERROR_MUST_CHECK;

/* jansson then fails for what it is given only, never for lack of memory. */
static void use_our_allocator(void)
{
	json_set_alloc_funcs(xmalloc, free);
}

static void path_add(struct strbuf *sb, const struct where *at)
{
	if (!at)
		return;
	path_add(sb, at->up);
	if (at->key)
		strbuf_addf(sb, "%s%s", sb->len ? "." : "", at->key);
	else
		strbuf_addf(sb, "[%zu]", at->index);
}

struct error *fields_error(const struct where *at, const char *fmt, ...)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };
	va_list ap;

	path_add(&sb, at);
	if (at)
		strbuf_add(&sb, ": ");
	va_start(ap, fmt);
	strbuf_vaddf(&sb, fmt, ap);
	va_end(ap);
	return error_new(ERROR_INPUT, "%s", sb.s);
}

/* What a text of unknown origin may show on a terminal: its beginning, plain ASCII. */
static const char *printable(const char *s, char out[41])
{
	size_t n = 0;

	for (; s[n] && n < 40; n++)
		out[n] = isascii(s[n]) && isprint(s[n]) ? s[n] : '?';
	out[n] = '\0';
	return out;
}

/* Length of the UTF-8 sequence that s starts with, 0 if it is none (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;

	if (s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++, low = 0x80, high = 0xbf)
		if (s[i] < low || s[i] > high)
			return 0;
	return n;
}

static json_t *text_json(const char *s)
{
	CLEANUP(strbuf_clear) struct strbuf valid = { 0 };
	size_t n;

	for (; s && *s; s += n ? n : 1) {
		n = utf8_length((const unsigned char *)s);
		strbuf_addn(&valid, n ? s : "\xef\xbf\xbd", n ? n : 3);
	}
	return s ? json_string(strbuf_str(&valid)) : json_null();
}

static json_t *real_json(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

/* JSON integers are signed here; no count of nanoseconds or bytes comes near the end. */
static json_t *count_json(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *seed_json(uint64_t seed)
{
	CLEANUP(cleanup_free) char *text = xasprintf("%llu", (unsigned long long)seed);

	return json_string(text);
}

static void estimate_write(json_t *object, const char *key, const struct estimate *e)
{
	json_object_set_new(object, key, e->n ? real_json(e->value) : json_null());
	json_object_set_new(object, "low", e->n ? real_json(e->low) : json_null());
	json_object_set_new(object, "high", e->n ? real_json(e->high) : json_null());
	json_object_set_new(object, "n", count_json(e->n));
}

static json_t *estimate_json(const struct estimate *e)
{
	json_t *object;

	if (!e->n)
		return json_null();
	object = json_object();
	estimate_write(object, "value", e);
	return object;
}

static json_t *field_json(const struct field *f, const void *owner);

static json_t *object_json(const struct shape *shape, const void *p)
{
	json_t *object = json_object();

	for (size_t i = 0; i < shape->n; i++) {
		const struct field *f = &shape->fields[i];

		if (f->type == FIELD_SPREAD)
			estimate_write(object, f->key, (const void *)((const char *)p + f->offset));
		else
			json_object_set_new(object, f->key, field_json(f, p));
	}
	return object;
}

/* One item of an array as a row of its own. */
static struct field item_of(const struct field *f, size_t *size)
{
	*size = f->type == FIELD_OBJECTS ? f->shape->size
		: f->type == FIELD_TEXTS ? sizeof(char *)
					 : sizeof(double);
	return (struct field){
		.type = f->type == FIELD_OBJECTS ? FIELD_OBJECT
			: f->type == FIELD_TEXTS ? FIELD_WORD
						 : FIELD_REAL,
		.shape = f->shape,
	};
}

static json_t *array_json(const struct field *f, const void *p)
{
	json_t *array = json_array();
	struct any_vec v;
	size_t size;
	struct field item = item_of(f, &size);

	memcpy(&v, p, sizeof(v));
	for (size_t i = 0; i < v.n; i++)
		json_array_append_new(array, field_json(&item, (const char *)v.items + i * size));
	return array;
}

static json_t *field_json(const struct field *f, const void *owner)
{
	const void *p = (const char *)owner + f->offset;

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_WORD:
		return text_json(*(char *const *)p);
	case FIELD_UUID:
		return text_json(p);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)p);
	case FIELD_INT:
		return json_integer(*(const int *)p);
	case FIELD_COUNT:
		return count_json(*(const uint64_t *)p);
	case FIELD_SIZE:
		return count_json(*(const size_t *)p);
	case FIELD_TIME:
		return json_integer(*(const int64_t *)p);
	case FIELD_SEED:
		return seed_json(*(const uint64_t *)p);
	case FIELD_REAL:
	case FIELD_SHARE:
		return real_json(*(const double *)p);
	case FIELD_KEY:
		return json_string(keys_name(f->keys, *(const unsigned *)p));
	case FIELD_ESTIMATE:
		return estimate_json(p);
	case FIELD_OBJECT:
		return object_json(f->shape, p);
	case FIELD_OBJECTS:
	case FIELD_TEXTS:
	case FIELD_REALS:
		return array_json(f, p);
	case FIELD_CUSTOM:
		return f->write(owner);
	case FIELD_SPREAD: /* has no value of its own: object_json() */
		break;
	}
	abort();
}

char *fields_text(const struct shape *shape, const char *schema, const void *p)
{
	json_t *top, *body;
	char *text, *line;

	use_our_allocator();
	top = json_pack("{s:s}", "schema", schema);
	body = object_json(shape, p);
	json_object_update(top, body);
	text = json_dumps(top, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
	line = xasprintf("%s\n", text);
	free(text);
	json_decref(body);
	json_decref(top);
	return line;
}

static struct error *text_read(const json_t *value, const struct where *at, char **ret)
{
	if (!json_is_string(value))
		return fields_error(at, "not a string");
	*ret = xstrdup(json_string_value(value));
	return NULL;
}

static struct error *uuid_read(const json_t *value, const struct where *at, char ret[UUID_TEXT])
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	const char *s = json_string_value(value);

	_Static_assert(sizeof(form) == UUID_TEXT, "a UUID has 36 characters");
	if (!s)
		return fields_error(at, "not a string");
	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)s[i]) : s[i] != form[i])
			return fields_error(at, "not a UUID (%s)", form);
	memcpy(ret, s, UUID_TEXT);
	return NULL;
}

static struct error *bool_read(const json_t *value, const struct where *at, bool *ret)
{
	if (!json_is_boolean(value))
		return fields_error(at, "not true or false");
	*ret = json_is_true(value);
	return NULL;
}

static struct error *integer_read(const json_t *value, json_int_t low, json_int_t high,
				  const struct where *at, json_int_t *ret)
{
	json_int_t i = json_integer_value(value);

	if (!json_is_integer(value))
		return fields_error(at, "not an integer");
	if (i < low)
		return fields_error(at, "%lld is less than %lld", (long long)i, (long long)low);
	if (i > high)
		return fields_error(at, "%lld is more than %lld", (long long)i, (long long)high);
	*ret = i;
	return NULL;
}

static struct error *seed_read(const json_t *value, const struct where *at, uint64_t *ret)
{
	const char *s = json_string_value(value);
	unsigned long long seed;

	if (!s)
		return fields_error(at, "not a string");
	errno = 0;
	seed = strtoull(s, NULL, 10);
	if (!*s || s[strspn(s, "0123456789")] || errno || seed > UINT64_MAX)
		return fields_error(at, "not a decimal number of 64 bits");
	*ret = seed;
	return NULL;
}

static struct error *real_read(const json_t *value, double low, double high, const struct where *at,
			       double *ret)
{
	double x = json_number_value(value);

	if (!json_is_number(value))
		return fields_error(at, "not a number");
	if (x < low)
		return fields_error(at, "%g is less than %g", x, low);
	if (x > high)
		return fields_error(at, "%g is not a share: more than %g", x, high);
	*ret = x;
	return NULL;
}

static struct error *key_read(const json_t *value, const struct keys *keys, const struct where *at,
			      unsigned *ret)
{
	CLEANUP(strbuf_clear) struct strbuf known = { 0 };
	const char *s = json_string_value(value);
	char shown[41];

	if (!s)
		return fields_error(at, "not a string");
	if (keys_find(keys, s, ret))
		return NULL;
	for (unsigned i = 0; i < keys->n; i++)
		strbuf_addf(&known, "%s%s", i ? ", " : "", keys->names[i]);
	return fields_error(at, "\"%s\" is none of %s", printable(s, shown), known.s);
}

static const json_t *get(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

static struct error *estimate_read(const json_t *object, const char *key, double floor,
				   const struct where *up, struct estimate *ret)
{
	struct estimate e = { NAN, NAN, NAN, 0 };
	const struct {
		const char *key;
		double *to;
	} parts[] = { { key, &e.value }, { "low", &e.low }, { "high", &e.high } };
	const json_t *n = get(object, "n");
	const struct where n_at = { up, "n", 0 }, low_at = { up, "low", 0 };
	json_int_t count = 0;
	struct error *err;

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		const json_t *value = get(object, parts[i].key);
		const struct where at = { up, parts[i].key, 0 };

		err = value ? real_read(value, floor, INFINITY, &at, parts[i].to) : NULL;
		if (err)
			return err;
	}
	err = n ? integer_read(n, 0, INT64_MAX, &n_at, &count) : NULL;
	if (err)
		return err;
	if (e.low > e.high)
		return fields_error(&low_at, "%g is more than high, %g", e.low, e.high);
	if (count)
		*ret = e;
	else /* whatever it says: without a sample there is no figure */
		*ret = (struct estimate){ NAN, NAN, NAN, 0 };
	ret->n = (size_t)count;
	return NULL;
}

static struct error *array_read(const struct field *f, const json_t *array, void *p,
				const struct where *at)
{
	size_t n = json_array_size(array), size;
	struct field item = item_of(f, &size);
	struct any_vec v = { .n = n, .cap = n };

	if (!json_is_array(array))
		return fields_error(at, "not an array");
	/* The items are the owner's from the start, so that one clear frees what was read. */
	v.items = n ? xcalloc(n, size) : NULL;
	memcpy(p, &v, sizeof(v));
	for (size_t i = 0; i < n; i++) {
		const json_t *value = json_array_get(array, i);
		const struct where here = { .up = at, .index = i };
		struct error *err = fields_read(&item, json_is_null(value) ? NULL : value,
						(char *)v.items + i * size, &here);

		if (err)
			return err;
	}
	return NULL;
}

/* The empty value; the struct is all zero before. */
static struct error *absent_read(const struct field *f, void *p, const struct where *at)
{
	if (f->required)
		return fields_error(at, "missing");
	switch (f->type) {
	case FIELD_WORD:
		*(char **)p = xstrdup("");
		return NULL;
	case FIELD_REAL:
	case FIELD_SHARE:
		*(double *)p = NAN;
		return NULL;
	case FIELD_ESTIMATE:
		*(struct estimate *)p = (struct estimate){ NAN, NAN, NAN, 0 };
		return NULL;
	case FIELD_OBJECT:
		return object_read(f->shape, NULL, p, at);
	default:
		return NULL;
	}
}

static struct error *estimate_object_read(const json_t *value, const struct where *at,
					  struct estimate *ret)
{
	if (!json_is_object(value))
		return fields_error(at, "not an object");
	return estimate_read(value, "value", -INFINITY, at, ret);
}

struct error *fields_read(const struct field *f, const json_t *value, void *owner,
			  const struct where *at)
{
	void *p = (char *)owner + f->offset;
	struct error *err = NULL;
	json_int_t i = 0;

	if (f->type == FIELD_CUSTOM)
		return f->read(value, owner, at);
	if (!value)
		return absent_read(f, p, at);
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_WORD:
		return text_read(value, at, p);
	case FIELD_UUID:
		return uuid_read(value, at, p);
	case FIELD_BOOL:
		return bool_read(value, at, p);
	case FIELD_INT:
		err = integer_read(value, f->low, INT_MAX, at, &i);
		*(int *)p = (int)i;
		return err;
	case FIELD_COUNT:
		err = integer_read(value, 0, INT64_MAX, at, &i);
		*(uint64_t *)p = (uint64_t)i;
		return err;
	case FIELD_SIZE:
		err = integer_read(value, 0, PTRDIFF_MAX, at, &i);
		*(size_t *)p = (size_t)i;
		return err;
	case FIELD_TIME:
		err = integer_read(value, INT64_MIN, INT64_MAX, at, &i);
		*(int64_t *)p = i;
		return err;
	case FIELD_SEED:
		return seed_read(value, at, p);
	case FIELD_REAL:
		return real_read(value, 0, INFINITY, at, p);
	case FIELD_SHARE:
		return real_read(value, 0, 1, at, p);
	case FIELD_KEY:
		return key_read(value, f->keys, at, p);
	case FIELD_ESTIMATE:
		return estimate_object_read(value, at, p);
	case FIELD_OBJECT:
		return object_read(f->shape, value, p, at);
	case FIELD_OBJECTS:
	case FIELD_TEXTS:
	case FIELD_REALS:
		return array_read(f, value, p, at);
	case FIELD_SPREAD: /* has no value of its own: object_read() */
	case FIELD_CUSTOM:
		break;
	}
	abort();
}

static struct error *object_read(const struct shape *shape, const json_t *value, void *p,
				 const struct where *at)
{
	if (value && !json_is_object(value))
		return fields_error(at, "not an object");
	for (size_t i = 0; i < shape->n; i++) {
		const struct field *f = &shape->fields[i];
		const struct where here = { .up = at, .key = f->key };
		struct error *err;

		if (f->type == FIELD_SPREAD)
			err = estimate_read(value, f->key, 0, at, (void *)((char *)p + f->offset));
		else
			err = fields_read(f, get(value, f->key), p, &here);
		if (err)
			return err;
	}
	return shape->check ? shape->check(p, at) : NULL;
}

static struct error *schema_check(const json_t *top, const char *schema)
{
	const struct where at = { .key = "schema" };
	const json_t *value = get(top, "schema");
	const char *s = json_string_value(value);
	char shown[41];

	if (!json_is_object(top))
		return fields_error(NULL, "not an object");
	if (!value)
		return fields_error(&at, "missing");
	if (!s)
		return fields_error(&at, "not a string");
	if (strcmp(s, schema))
		return fields_error(&at, "\"%s\" is not \"%s\"", printable(s, shown), schema);
	return NULL;
}

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

struct error *fields_read_top(const json_t *top, const struct shape *shape, const char *schema,
			      void *ret)
{
	struct error *err = schema_check(top, schema);

	return err ? err : object_read(shape, top, ret, NULL);
}

struct error *fields_parse(const char *text, size_t n, const struct shape *shape,
			   const char *schema, void *ret)
{
	CLEANUP(cleanup_json) json_t *top = NULL;
	json_error_t why;

	use_our_allocator();
	top = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
	if (!top) {
		for (char *c = why.text; *c; c++)
			if (!isascii(*c) || !isprint(*c))
				*c = '?';
		return error_new(ERROR_INPUT, "not JSON: line %d, column %d: %s", why.line,
				 why.column, why.text);
	}
	return fields_read_top(top, shape, schema, ret);
}
