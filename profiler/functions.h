/*
 * functions.h - where the function that holds an address begins, symbols or not
 *
 * From the table that unwinding needs (.eh_frame_hdr), which stripped files keep too. Pure: reads
 * the file's image that the caller holds open, and believes nothing in it.
 */
#ifndef PROFILER_FUNCTIONS_H
#define PROFILER_FUNCTIONS_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

/* Addresses as in the file's own symbols. False: no function is known there. */
bool function_start(Elf *elf, uint64_t address, uint64_t *ret);

#endif
