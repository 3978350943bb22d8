/*
 * keys.h - the names of an enum's values, as JSON and the command line spell them
 *
 * Private to model/. The lists are the X-macros of the public headers; KEYS_DEFINE() makes of one
 * the table and the function from value to key, KEYS_DEFINE_FROM() the way back.
 */
#ifndef MODEL_KEYS_H
#define MODEL_KEYS_H

#include <stdbool.h>
#include <stddef.h>

struct keys {
	const char *const *names; /* by value */
	size_t n;
};

extern const struct keys bound_keys, change_keys, gate_result_keys, compare_keys, model_keys,
	outcome_keys, present_need_keys, process_way_keys, row_keys, tier_keys, verdict_kind_keys,
	wait_kind_keys;

/* `value` must be one of the enum's. */
const char *keys_name(const struct keys *keys, unsigned value);
/* False when `key` (may be NULL) is none of them; *ret is then untouched. */
bool keys_find(const struct keys *keys, const char *key, unsigned *ret);

#define KEYS_ROW(id, key, ...) [id] = key,

#define KEYS_DEFINE(name, LIST)                                                                    \
	static const char *const name##_names[] = { LIST(KEYS_ROW) };                              \
	const struct keys name##_keys = { name##_names,                                            \
					  sizeof(name##_names) / sizeof(*name##_names) };          \
	const char *name##_key(enum name value)                                                    \
	{                                                                                          \
		return keys_name(&name##_keys, value);                                             \
	}

#define KEYS_DEFINE_FROM(name)                                                                     \
	bool name##_from_key(const char *key, enum name *ret)                                      \
	{                                                                                          \
		unsigned value;                                                                    \
                                                                                                   \
		if (!keys_find(&name##_keys, key, &value))                                         \
			return false;                                                              \
		*ret = value;                                                                      \
		return true;                                                                       \
	}

#endif
