/*
 * libclang.h - libclang's functions, loaded when something is to be parsed
 *
 * Loading it takes longer than all of an analysis in which nothing changed. Its functions keep their
 * names: each is a pointer in `libclang`, set by libclang_load(). Which ones is listed in
 * CMakeLists.txt. Load before the first call, and before workers are forked, so that they share it.
 */
#ifndef ANALYZER_LIBCLANG_H
#define ANALYZER_LIBCLANG_H

#include <clang-c/Index.h>

#include "base/error.h"
#include "analyzer/libclang_table.h"

struct libclang {
#define X(function) __typeof__(function) *function##_;
	LIBCLANG_FUNCTIONS(X)
#undef X
};

extern struct libclang libclang;

#include "analyzer/libclang_calls.h"

struct error *libclang_load(void) ERROR_MUST_CHECK;
/* What tells this libclang from another, without loading it where possible. Owned by the caller. */
char *libclang_identity(void);

#endif
