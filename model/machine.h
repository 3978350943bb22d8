/*
 * machine.h - what the figures were measured on
 *
 * `id` is a digest of what makes timings comparable (CPU model, cores, memory, architecture, kernel
 * release), not of names. Ownership: strings are owned; machine_clear() frees them.
 */
#ifndef MODEL_MACHINE_H
#define MODEL_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

struct machine {
	char *id;
	char *hostname;
	char *kernel;
	char *arch;
	char *cpu;
	char *libc;
	int cores; /* that this process may use */
	uint64_t memory_bytes;
	bool virtualised;
};

void machine_clear(struct machine *m);

#endif
