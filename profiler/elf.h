/*
 * elf.h - the few facts of an x86-64 ELF file that loading it as a library depends on
 *
 * Reads a mapped file that may be anything: every offset is checked against its size. Ownership:
 * elf_open() maps, elf_close() unmaps; strings are borrowed from the mapping.
 */
#ifndef PROFILER_ELF_H
#define PROFILER_ELF_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct elf {
	const unsigned char *bytes;
	size_t size;
};

struct error *elf_open(const char *path, struct elf *ret) ERROR_MUST_CHECK;
void elf_close(struct elf *elf);

/* n bytes at a file offset, or NULL when the file does not have them. */
const void *elf_at(const struct elf *elf, size_t offset, size_t n);
/* NULL unless the file is a 64-bit little-endian x86-64 ELF file. */
const Elf64_Ehdr *elf_header(const struct elf *elf);
/* The first program header of a type, or NULL. */
const Elf64_Phdr *elf_segment(const struct elf *elf, unsigned type);
/* The value of a dynamic entry; *index counts entries of that tag, from 0. false: no such. */
bool elf_dynamic(const struct elf *elf, long tag, size_t index, size_t *ret);
/* The index-th DT_NEEDED, or NULL after the last. */
const char *elf_needed(const struct elf *elf, size_t index);
/* PT_INTERP's text, or NULL. */
const char *elf_interpreter(const struct elf *elf);

#endif
