#include "model/outlook.h"

#include <assert.h>
#include <stdlib.h>

#include "model/keys.h"

KEYS_DEFINE(bound, BOUNDS)
KEYS_DEFINE_FROM(bound)
KEYS_DEFINE(present_need, PRESENT_NEEDS)
KEYS_DEFINE_FROM(present_need)

#define WORDS(id, key, words) [id] = words,

const char *bound_words(enum bound bound)
{
	static const char *const words[] = { BOUNDS(WORDS) };

	assert(bound < BOUND_COUNT);
	return words[bound];
}

const char *present_need_words(enum present_need need)
{
	static const char *const words[] = { PRESENT_NEEDS(WORDS) };

	assert(need < PRESENT_NEED_COUNT);
	return words[need];
}

void outlook_clear(struct outlook *o)
{
	vec_clear(&o->bounds);
	free(o->present.model);
	free(o->present.lock);
	free(o->present.holder);
	*o = (struct outlook){ 0 };
}
