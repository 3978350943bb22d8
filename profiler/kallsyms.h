/*
 * kallsyms.h - kernel text addresses to names
 *
 * Read once per process from /proc/kallsyms, lazily: it takes about 0.1 s, which belongs after a
 * measurement. Ownership: kallsyms_clear() frees; names are borrowed from it. Read-only after
 * loading.
 */
#ifndef PROFILER_KALLSYMS_H
#define PROFILER_KALLSYMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"

struct kernel_symbol {
	uint64_t address;
	char *name; /* points into kallsyms.text */
};

struct kallsyms {
	VEC_FIELDS(struct kernel_symbol); /* by address; code only */
	char *text;
};

/* Fails when the kernel hides the addresses (kernel.kptr_restrict). */
struct error *kallsyms_load(struct kallsyms *ret) ERROR_MUST_CHECK;
/* From text in the same format. `text` is taken over, also on failure. */
struct error *kallsyms_parse(char *text, struct kallsyms *ret) ERROR_MUST_CHECK;
void kallsyms_clear(struct kallsyms *k);

/* The symbol the address lies in, or NULL. */
const char *kallsyms_name(const struct kallsyms *k, uint64_t address);

/* Whether this process sees addresses, told from the first lines alone. */
bool kallsyms_readable(void);

#endif
