#include "model/keys.h"

#include <assert.h>
#include <string.h>

const char *keys_name(const struct keys *keys, unsigned value)
{
	assert(value < keys->n);
	return keys->names[value];
}

bool keys_find(const struct keys *keys, const char *key, unsigned *ret)
{
	for (unsigned i = 0; key && i < keys->n; i++) {
		if (!strcmp(keys->names[i], key)) {
			*ret = i;
			return true;
		}
	}
	return false;
}
