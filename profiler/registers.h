/*
 * registers.h - a thread's registers as the kernel samples them (asm/perf_regs.h), and as DWARF counts them
 *
 * The one place that knows the machine. Arm's was compiled and never run: no machine of ours has one.
 */
#ifndef PROFILER_REGISTERS_H
#define PROFILER_REGISTERS_H

#include <asm/perf_regs.h>

#if defined(__x86_64__)
#define DECODE_REGS_MASK                                                                           \
	0xff01ffull       /* all general ones and the instruction pointer, which are then */
#define DECODE_REGS    17 /* packed: r8 comes behind the instruction pointer */
#define REGISTER_IP    PERF_REG_X86_IP
#define REGISTER_SP    PERF_REG_X86_SP
#define REGISTER_FIRST PERF_REG_X86_DI /* a function's first argument */

/* DWARF's order (System V ABI for x86-64, figure 3.36) as places in the kernel's. */
#define REGISTERS_DWARF                                                                            \
	{                                                                                          \
		PERF_REG_X86_AX, PERF_REG_X86_DX, PERF_REG_X86_CX, PERF_REG_X86_BX,                \
			PERF_REG_X86_SI, PERF_REG_X86_DI, PERF_REG_X86_BP, PERF_REG_X86_SP, 9, 10, \
			11, 12, 13, 14, 15, 16, PERF_REG_X86_IP                                    \
	}
#elif defined(__aarch64__)
#define DECODE_REGS_MASK 0x1ffffffffull
#define DECODE_REGS      33
#define REGISTER_IP      PERF_REG_ARM64_PC
#define REGISTER_SP      PERF_REG_ARM64_SP
#define REGISTER_FIRST   PERF_REG_ARM64_X0

/* x0 to x30 and sp, in the same order; the pc has no number. */
#define REGISTERS_DWARF                                                                            \
	{                                                                                          \
		0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,  \
			23, 24, 25, 26, 27, 28, 29, 30, 31                                         \
	}
#else
#error "which registers does this machine have? see asm/perf_regs.h"
#endif

#endif
