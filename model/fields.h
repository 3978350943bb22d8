/*
 * fields.h - plain structs as JSON objects, by table
 *
 * Private to model/. A shape describes one struct: one row for each key gives its name, its type
 * and where it lies. The writer and the reader walk the same rows, so they cannot disagree. Each
 * row macro checks at compile time that the member has the C type its JSON type needs.
 *
 * Writing: NULL is null, and so is a number that is not finite. Bytes that are not UTF-8 (file
 * names may hold any) become U+FFFD, so that a run is never lost for a name.
 * Reading: a key that is null counts as missing. Missing keys give the empty value (NAN for real
 * numbers, because nothing is known) unless the row is required. Unknown keys are ignored; a key
 * given twice is an error.
 *
 * Errors are ERROR_INPUT and begin with the key: "race[3].workers: not an integer".
 */
#ifndef MODEL_FIELDS_H
#define MODEL_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/stats.h"
#include "base/uuid.h"
#include "model/keys.h"

enum field_type {
	FIELD_TEXT,     /* char *, may be NULL */
	FIELD_WORD,     /* char *, never NULL once read */
	FIELD_UUID,     /* char[UUID_TEXT] */
	FIELD_BOOL,     /* bool */
	FIELD_INT,      /* int, >= low */
	FIELD_COUNT,    /* uint64_t */
	FIELD_SIZE,     /* size_t */
	FIELD_TIME,     /* int64_t, ns since 1970 */
	FIELD_SEED,     /* uint64_t, all 64 bits: a decimal string, as JSON numbers end at 2^53 */
	FIELD_REAL,     /* double >= 0 */
	FIELD_SHARE,    /* double, 0..1 */
	FIELD_KEY,      /* an enum with keys */
	FIELD_SPREAD,   /* struct estimate >= 0, as four keys of this object: `key`, low, high, n */
	FIELD_ESTIMATE, /* struct estimate as an object, or null; a difference may be negative */
	FIELD_OBJECT,   /* a struct, or this one seen through another shape */
	FIELD_OBJECTS,  /* VEC_FIELDS(a struct) */
	FIELD_TEXTS,    /* VEC_FIELDS(char *) */
	FIELD_REALS,    /* VEC_FIELDS(double) */
	FIELD_CUSTOM,
};

/* The way from the top to a value, for messages; NULL is the top itself. */
struct where {
	const struct where *up;
	const char *key; /* NULL: an item of an array */
	size_t index;
};

struct shape;

struct field {
	const char *key;
	enum field_type type;
	size_t offset;
	bool required;
	int low;
	const struct keys *keys;
	const struct shape *shape;
	/* FIELD_CUSTOM gets the whole struct. `value` is NULL when the key is missing. */
	json_t *(*write)(const void *owner);
	struct error *(*read)(const json_t *value, void *owner, const struct where *at);
};

struct shape {
	const struct field *fields;
	size_t n;
	size_t size; /* of the struct */
	/* What no single key can tell; called after the last; or NULL. */
	struct error *(*check)(const void *p, const struct where *at);
};

/* With "schema" as its first key; ends with a newline; owned by the caller. */
char *fields_text(const struct shape *shape, const char *schema, const void *p);
/* `ret` must be all zero. On failure it holds what was read before: the caller clears it. */
struct error *fields_parse(const char *text, size_t n, const struct shape *shape,
			   const char *schema, void *ret) ERROR_MUST_CHECK;
/* The same of what was parsed already. */
struct error *fields_read_top(const json_t *top, const struct shape *shape, const char *schema,
			      void *ret) ERROR_MUST_CHECK;
/* One row, for rows of type FIELD_CUSTOM to build on; `value` is NULL when the key is missing. */
struct error *fields_read(const struct field *f, const json_t *value, void *owner,
			  const struct where *at) ERROR_MUST_CHECK;
/* "key.path: message" */
struct error *fields_error(const struct where *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), returns_nonnull)) ERROR_MUST_CHECK;

#define MEMBER(owner, member) (((struct owner *)0)->member)
/* offsetof(), if the member has type `ctype`; else it does not compile. */
#define TYPED(owner, member, ctype)                                                                \
	(offsetof(struct owner, member) +                                                          \
	 0 * sizeof(struct {                                                                       \
		 _Static_assert(                                                                   \
			 __builtin_types_compatible_p(__typeof__(MEMBER(owner, member)), ctype),   \
			 #member " is not of type " #ctype);                                       \
		 int unused;                                                                       \
	 }))

#define CTYPE_TEXT     char *
#define CTYPE_WORD     char *
#define CTYPE_UUID     char[UUID_TEXT]
#define CTYPE_BOOL     bool
#define CTYPE_INT      int
#define CTYPE_COUNT    uint64_t
#define CTYPE_SIZE     size_t
#define CTYPE_TIME     int64_t
#define CTYPE_SEED     uint64_t
#define CTYPE_REAL     double
#define CTYPE_SHARE    double
#define CTYPE_SPREAD   struct estimate
#define CTYPE_ESTIMATE struct estimate

#define ROW(owner, kind, key_, member, ...)                                                        \
	{                                                                                          \
		.key = key_, .type = FIELD_##kind, .offset = TYPED(owner, member, CTYPE_##kind),   \
		__VA_ARGS__                                                                        \
	}
#define ROW_KEY(owner, key_, member, name, ...)                                                    \
	{                                                                                          \
		.key = key_, .type = FIELD_KEY, .offset = TYPED(owner, member, enum name),         \
		.keys = &name##_keys, __VA_ARGS__                                                  \
	}
#define ROW_OBJECT(owner, key_, member, shape_)                                                    \
	{                                                                                          \
		.key = key_, .type = FIELD_OBJECT, .offset = offsetof(struct owner, member),       \
		.shape = &shape_                                                                   \
	}
#define ROW_OBJECTS(owner, key_, member, shape_, item)                                             \
	{                                                                                          \
		.key = key_, .type = FIELD_OBJECTS,                                                \
		.offset = TYPED(owner, member.items, struct item *), .shape = &shape_              \
	}
#define ROW_TEXTS(owner, key_, member)                                                             \
	{                                                                                          \
		.key = key_, .type = FIELD_TEXTS, .offset = TYPED(owner, member.items, char **)    \
	}
#define ROW_REALS(owner, key_, member)                                                             \
	{                                                                                          \
		.key = key_, .type = FIELD_REALS, .offset = TYPED(owner, member.items, double *)   \
	}
#define ROW_CUSTOM(key_, write_, read_)                                                            \
	{                                                                                          \
		.key = key_, .type = FIELD_CUSTOM, .write = write_, .read = read_                  \
	}

#define SHAPE(owner, rows, ...)                                                                    \
	{                                                                                          \
		.fields = rows, .n = sizeof(rows) / sizeof(*rows), .size = sizeof(struct owner),   \
		__VA_ARGS__                                                                        \
	}

#endif
