/*
 * unit.c - call a function of the program as the unit of work, instead of its main()
 *
 * The arguments of the task are the function's, made of text by the letters of plan.h. What it
 * returns is printed on the task's stdout, so that it is compared as all else the task prints.
 */
#include <ffi.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "profiler/runtime/copy.h"
#include "profiler/runtime/hooks.h"

union value {
	int8_t c;
	int16_t s;
	int32_t i;
	int64_t l;
	float f;
	double d;
	const char *text;
};

static ffi_type *type_of(char letter)
{
	switch (letter) {
	case 'c':
		return &ffi_type_sint8;
	case 'C':
		return &ffi_type_uint8;
	case 's':
		return &ffi_type_sint16;
	case 'S':
		return &ffi_type_uint16;
	case 'i':
		return &ffi_type_sint32;
	case 'I':
		return &ffi_type_uint32;
	case 'l':
		return &ffi_type_sint64;
	case 'L':
		return &ffi_type_uint64;
	case 'f':
		return &ffi_type_float;
	case 'd':
		return &ffi_type_double;
	case UNIT_TEXT:
		return &ffi_type_pointer;
	default:
		return &ffi_type_void;
	}
}

static union value value_of(char letter, const char *text)
{
	union value v = { .l = 0 };

	if (letter == UNIT_TEXT)
		v.text = text;
	else if (letter == 'f')
		v.f = strtof(text, NULL);
	else if (letter == 'd')
		v.d = strtod(text, NULL);
	else if (letter >= 'a') /* little endian: the low bytes are the smaller types */
		v.l = strtoll(text, NULL, 0);
	else
		v.l = (int64_t)strtoull(text, NULL, 0);
	return v;
}

/* libffi widens what is smaller than a register. */
static void print(FILE *out, char letter, const void *returned)
{
	const union {
		ffi_arg word;
		float f;
		double d;
		const char *text;
	} *r = returned;

	if (letter == 'f' || letter == 'd')
		fprintf(out, "%.17g\n", letter == 'f' ? (double)r->f : r->d);
	else if (letter == UNIT_TEXT)
		fprintf(out, "%s\n", r->text ? r->text : "(null)");
	else if (letter >= 'A' && letter <= 'Z')
		fprintf(out, "%" PRIu64 "\n", (uint64_t)r->word);
	else if (letter != UNIT_VOID)
		fprintf(out, "%" PRId64 "\n", (int64_t)r->word);
}

void unit_call(struct copy *c)
{
	const struct plan *plan = c->host->plan;
	const struct image_module *program = &c->image.modules[c->image.n - 1];
	const char *letters = host_text(c->host, plan->unit_types);
	ffi_type *types[UNIT_PARAMETERS];
	union value values[UNIT_PARAMETERS], returned[2];
	void *pointers[UNIT_PARAMETERS];
	unsigned n = 0;
	ffi_cif cif;
	void *at = (char *)program->map->l_addr + plan->unit;
	void (*function)(void);

	memcpy(&function, &at, sizeof(function));
	for (; letters[n + 1] && n < UNIT_PARAMETERS; n++) {
		types[n] = type_of(letters[n + 1]);
		values[n] = value_of(letters[n + 1], c->argv[n + 1]);
		pointers[n] = &values[n];
	}
	if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, n, type_of(letters[0]), types) != FFI_OK)
		copy_refuse("its function cannot be called");
	ffi_call(&cif, function, returned, pointers);
	print(*c->out, letters[0], returned);
}
