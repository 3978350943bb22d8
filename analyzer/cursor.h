/*
 * cursor.h - short words for what libclang says in long ones
 *
 * No state. A cursor and a type are plain values, valid as long as their translation unit.
 */
#ifndef ANALYZER_CURSOR_H
#define ANALYZER_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "analyzer/libclang.h"
#include "base/vec.h"

struct cursors {
	VEC_FIELDS(CXCursor);
};

/* The text, owned by the caller; disposes of s. May be NULL. */
char *cursor_text(CXString s);
struct cursors cursor_children(CXCursor c);
void cursors_clear(struct cursors *list);
/* The last child: a cast's operand follows the type it names. */
CXCursor cursor_operand(CXCursor c);
/* Without parentheses and implicit casts; with `all`, also without casts, & and *. */
CXCursor cursor_strip(CXCursor c, bool all);
/* The value of a constant integer expression or null pointer. */
bool cursor_constant(CXCursor c, int64_t *ret);

bool type_is_array(CXType type);
bool type_is_pointer(CXType type);
bool type_is_function_pointer(CXType type);
/* Of arrays of any depth; other types as they are. Canonical. */
CXType type_element(CXType type);
/* const may sit on an array, or on what the array holds. */
bool type_is_const(CXType type);

#endif
