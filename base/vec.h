/*
 * vec.h - a typed array that grows
 *
 *	struct names { VEC_FIELDS(char *); };
 *	struct names names = { 0 };
 *	vec_push(&names, xstrdup("a"));
 *	vec_each (&names, name)
 *		puts(*name);
 *
 * {0} is the empty array. Pushing may move the items: no pointer into it survives a push. Ownership
 * of what the items point to is the user's; vec_clear() frees only the array. No locking.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <stddef.h>
#include <stdlib.h>

#include "base/alloc.h"

#define VEC_FIELDS(type)                                                                           \
	type *items;                                                                               \
	size_t n;                                                                                  \
	size_t cap

/* A pointer to a fresh, uninitialised last item. */
#define vec_add(v)                                                                                 \
	__extension__({                                                                            \
		if ((v)->n == (v)->cap) {                                                          \
			(v)->cap = (v)->cap ? 2 * (v)->cap : 8;                                    \
			(v)->items = xreallocarray((v)->items, (v)->cap, sizeof(*(v)->items));     \
		}                                                                                  \
		&(v)->items[(v)->n++];                                                             \
	})

#define vec_push(v, item) ((void)(*vec_add(v) = (item)))

/* it: a pointer to each item in turn. */
#define vec_each(v, it)                                                                            \
	for (__typeof__(*(v)->items) *it = (v)->items; it && it < (v)->items + (v)->n; it++)

#define vec_clear(v)                                                                               \
	do {                                                                                       \
		free((v)->items);                                                                  \
		(v)->items = NULL;                                                                 \
		(v)->n = (v)->cap = 0;                                                             \
	} while (0)

#endif
