/*
 * tu.h - what one translation unit says, in the order of the source
 *
 * A flat record that knows nothing of the catalogue: symbols, and a list of events (calls, accesses
 * to variables with static storage, blocks, loops). It crosses the pipe from a worker, and lies in
 * the cache, as the bytes tu_write() makes. tu_read() trusts none of them: every index is checked,
 * so that whoever uses a struct tu need not.
 *
 * Strings are offsets into one blob; offset 0 is the empty string and means "none". Ownership:
 * tu_clear() frees all. No locking.
 */
#ifndef ANALYZER_TU_H
#define ANALYZER_TU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/vec.h"

#define TU_NONE UINT32_MAX /* no symbol */

enum symbol_kind { SYMBOL_FUNCTION, SYMBOL_VARIABLE, SYMBOL_FIELD, SYMBOL_LOCAL, SYMBOL_PARAM };

enum symbol_flag {
	SYMBOL_SYSTEM = 1 << 0,       /* declared in a system header */
	SYMBOL_INTERNAL = 1 << 1,     /* static: its key holds the file */
	SYMBOL_DEFINED = 1 << 2,      /* this unit holds its definition */
	SYMBOL_TENTATIVE = 1 << 3,    /* `int x;` at file scope */
	SYMBOL_STATIC_LOCAL = 1 << 4, /* static storage, declared in a function */
	SYMBOL_CONST = 1 << 5,        /* cannot be written, at any level of arrays */
	SYMBOL_THREAD_LOCAL = 1 << 6,
	SYMBOL_ATOMIC = 1 << 7,
	SYMBOL_SYNC = 1 << 8,   /* a mutex, condition or the like: meant to be shared */
	SYMBOL_INLINE = 1 << 9, /* static in a header: one copy in each unit */
	SYMBOL_NORETURN = 1 << 10,
	SYMBOL_EXTERN = 1 << 11, /* declared extern: not a definition */
};

struct symbol {
	uint32_t key;  /* equal keys in two units are one symbol */
	uint32_t name; /* as written */
	uint32_t type; /* of variables; the signature of functions */
	uint32_t file, line, column;
	uint32_t function; /* symbol of the enclosing function of a static local or parameter */
	uint16_t flags;    /* enum symbol_flag */
	uint8_t kind;      /* enum symbol_kind */
	uint8_t position;  /* of a parameter */
};

#define EVENTS(X)             /* id, what `symbol`, `which` and `value` hold */                    \
	X(EVENT_FUNCTION)     /* a body begins: the function */                                    \
	X(EVENT_FUNCTION_END) /* the function */                                                   \
	X(EVENT_READ)         /* a variable with static storage */                                 \
	X(EVENT_WRITE)                                                                             \
	X(EVENT_WRITE_THROUGH) /* to what the variable points at */                                \
	X(EVENT_ADDRESS)       /* its address goes somewhere it may be written from */             \
	X(EVENT_CALL)          /* the callee: function, field, variable, parameter; or TU_NONE */  \
	X(EVENT_ARGUMENT)      /* of the call before; which: position; see enum argument */        \
	X(EVENT_TARGET)        /* pointer `symbol` may hold function (or pointer) `value` */       \
	X(EVENT_RESULT)        /* `symbol` is assigned what function `value` returned */           \
	X(EVENT_BLOCK) /* which: enum block; value: enum ending; symbol: the ending call */        \
	X(EVENT_BLOCK_END)                                                                         \
	X(EVENT_LOOP) /* which: enum loop; value: its rounds at most, or 0: not known */           \
	X(EVENT_LOOP_END)                                                                          \
	X(EVENT_OPENMP)

#define X(id) id,
enum event_kind { EVENTS(X) EVENT_KIND_COUNT };
#undef X

/* flags of EVENT_ARGUMENT */
enum argument {
	ARGUMENT_VALUE = 1,    /* `value` is its constant value */
	ARGUMENT_SYMBOL = 2,   /* `symbol` is the function, variable, field... it names */
	ARGUMENT_STRING = 4,   /* `text` is the string literal */
	ARGUMENT_LVALUE = 8,   /* `text` spells the lvalue: "cache->lock" */
	ARGUMENT_ADDRESS = 16, /* with & before it */
};

enum block { BLOCK_BRANCH, BLOCK_LOOP, BLOCK_SWITCH };
enum ending {
	ENDING_FALL, /* runs on */
	ENDING_RETURN,
	ENDING_ERROR, /* returns -1, NULL, or jumps to a label */
	ENDING_JUMP,  /* break, continue */
	ENDING_CALL,  /* its last statement is a call, of `symbol` */
};
enum loop { LOOP_FOR, LOOP_WHILE, LOOP_DO };

struct event {
	int64_t value;
	uint32_t symbol;
	uint32_t file, line, column;
	uint32_t macro; /* the name of the macro it came from */
	uint32_t text;
	uint8_t kind; /* enum event_kind */
	uint8_t flags;
	uint16_t which;
	uint32_t unused; /* keeps the bytes of a record defined */
};

struct tu {
	struct strbuf strings;
	struct {
		VEC_FIELDS(struct symbol);
	} symbols;
	struct {
		VEC_FIELDS(struct event);
	} events;
	struct {
		VEC_FIELDS(uint32_t);
	} includes;       /* paths of the files it read */
	uint32_t file;    /* the main file, absolute */
	uint32_t problem; /* why not all of it could be read */
};

void tu_clear(struct tu *tu);
/* Borrowed; "" for offset 0. */
const char *tu_string(const struct tu *tu, uint32_t offset);

void tu_write(const struct tu *tu, struct strbuf *out);
struct error *tu_read(const void *bytes, size_t n, struct tu *ret) ERROR_MUST_CHECK;

#endif
