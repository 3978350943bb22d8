#include "profiler/where.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "profiler/runtime/plan.h"

static int no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **ret)
{
	(void)module, (void)data, (void)name, (void)base, (void)file, (void)link, (void)crc;
	(void)ret;
	return -1; /* only what the file has itself */
}

static void end_dwfl(Dwfl **dwfl)
{
	dwfl_end(*dwfl);
}

static Dwfl *begin(const char *path, Dwfl_Module **module)
{
	static const Dwfl_Callbacks callbacks = { .find_debuginfo = no_debuginfo,
						  .section_address = dwfl_offline_section_address };
	Dwfl *dwfl = dwfl_begin(&callbacks);

	*module = dwfl ? dwfl_report_offline(dwfl, "", path, -1) : NULL;
	if (dwfl)
		dwfl_report_end(dwfl, NULL, NULL);
	return dwfl;
}

Dwarf_Die *where_unit(Dwfl_Module *module, Dwarf_Addr address, Dwarf_Addr *bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(module, address, bias);

	if (unit)
		return unit;
	while ((unit = dwfl_module_nextcu(module, unit, bias))) {
		if (dwarf_haspc(unit, address - *bias) == 1)
			return unit;
	}
	return NULL;
}

char *where_is(const char *path, uint64_t address)
{
	Dwfl_Module *module;
	CLEANUP(end_dwfl) Dwfl *dwfl = begin(path, &module);
	const char *function, *file = NULL, *slash;
	Dwarf_Addr unit_bias = 0;
	Dwarf_Die *unit;
	Dwarf_Line *at;
	GElf_Addr bias;
	int line = 0;

	/* Where the file itself puts its addresses. */
	if (!dwfl || !module || !dwfl_module_getelf(module, &bias))
		return NULL;
	function = dwfl_module_addrname(module, address + bias);
	unit = where_unit(module, address + bias, &unit_bias);
	at = unit ? dwarf_getsrc_die(unit, address + bias - unit_bias) : NULL;
	if (at && !dwarf_lineno(at, &line))
		file = dwarf_linesrc(at, NULL, NULL);
	if (!function)
		return NULL;
	slash = file ? strrchr(file, '/') : NULL;
	return file ? xasprintf("%s (%s:%d)", function, slash ? slash + 1 : file, line)
		    : xstrdup(function);
}

/* --- a function as the unit of work ----------------------------------------------------------- */

struct search {
	const char *name;
	bool found;
	Dwarf_Die die;
};

static int look_at(Dwarf_Die *die, void *arg)
{
	struct search *s = arg;
	const char *name = dwarf_diename(die);
	Dwarf_Addr pc;

	if (!name || strcmp(name, s->name) != 0 || dwarf_lowpc(die, &pc))
		return DWARF_CB_OK;
	s->found = true;
	s->die = *die;
	return DWARF_CB_ABORT;
}

/* The type of `die` without typedefs and qualifiers; false: void. */
static bool plain_type(Dwarf_Die *die, Dwarf_Die *ret)
{
	Dwarf_Attribute attr;
	Dwarf_Die type;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attr), &type) &&
	       dwarf_peel_type(&type, ret) == 0;
}

static char letter_of_base(Dwarf_Die *type)
{
	static const char letters[2][9] = { { 0, 'c', 's', 0, 'i', 0, 0, 0, 'l' },
					    { 0, 'C', 'S', 0, 'I', 0, 0, 0, 'L' } };
	Dwarf_Attribute attr;
	Dwarf_Word encoding = DW_ATE_signed;
	int size = dwarf_bytesize(type);

	dwarf_formudata(dwarf_attr(type, DW_AT_encoding, &attr), &encoding);
	if (encoding == DW_ATE_float)
		return size == 4 ? 'f' : size == 8 ? 'd' : 0;
	if (size < 1 || size > 8)
		return 0;
	return letters[encoding == DW_ATE_unsigned || encoding == DW_ATE_unsigned_char ||
		       encoding == DW_ATE_boolean][size];
}

/* Of a parameter or a function: see plan.h; 0: no text can stand for it. */
static char letter_of(Dwarf_Die *die)
{
	Dwarf_Die type, to;

	if (!plain_type(die, &type))
		return UNIT_VOID;
	switch (dwarf_tag(&type)) {
	case DW_TAG_base_type:
	case DW_TAG_enumeration_type:
		return letter_of_base(&type);
	case DW_TAG_pointer_type:
		if (plain_type(&type, &to) && dwarf_tag(&to) == DW_TAG_base_type &&
		    dwarf_bytesize(&to) == 1)
			return UNIT_TEXT;
		return 0;
	default:
		return 0;
	}
}

static struct error *read_parameters(const char *name, Dwarf_Die *function, struct strbuf *types)
{
	char letter = letter_of(function);
	Dwarf_Die child;

	strbuf_addch(types, letter ? letter : UNIT_VOID); /* a pointer, say: not looked at */
	if (dwarf_child(function, &child))
		return NULL;
	do {
		if (dwarf_tag(&child) == DW_TAG_unspecified_parameters)
			break;
		if (dwarf_tag(&child) != DW_TAG_formal_parameter)
			continue;
		letter = letter_of(&child);
		if (!letter)
			return error_hint(
				error_new(ERROR_USAGE,
					  "--unit %s: parameter %zu (%s) is no integer, floating "
					  "point number or string",
					  name, types->len, dwarf_diename(&child)),
				"write a function that takes those and calls %s", name);
		strbuf_addch(types, letter);
	} while (dwarf_siblingof(&child, &child) == 0);
	return NULL;
}

/* From .symtab. 0: not there. */
static uint64_t symbol_of(Dwfl_Module *module, const char *name, GElf_Addr bias)
{
	int n = dwfl_module_getsymtab(module);

	for (int i = 1; i < n; i++) {
		GElf_Sym sym;
		GElf_Addr at;
		const char *its = dwfl_module_getsym_info(module, i, &sym, &at, NULL, NULL, NULL);

		if (its && !strcmp(its, name) && GELF_ST_TYPE(sym.st_info) == STT_FUNC &&
		    sym.st_shndx != SHN_UNDEF)
			return at - bias;
	}
	return 0;
}

static void guess_parameters(const struct workload *w, struct strbuf *types)
{
	strbuf_addch(types, 'l');
	for (size_t i = 1; i < w->argv.n; i++) {
		CLEANUP(cleanup_free) char *text = workload_fill(w, w->argv.items[i], 0, "/tmp");
		char *end;

		strtoll(text, &end, 0);
		if (*text && !*end) {
			strbuf_addch(types, 'l');
			continue;
		}
		strtod(text, &end);
		strbuf_addch(types, *text && !*end ? 'd' : UNIT_TEXT);
	}
}

/* Its address, and its DWARF if there is any. */
static struct error *find_function(Dwfl_Module *module, const char *path, const char *option,
				   struct search *s, uint64_t *ret)
{
	GElf_Addr bias = 0, dwarf_bias = 0;
	Dwarf_Die *unit = NULL;
	Dwarf_Addr pc = 0;

	if (!module || !dwfl_module_getelf(module, &bias))
		return error_new(ERROR_USAGE, "%s: %s cannot be read", option, path);
	while (!s->found && (unit = dwfl_module_nextcu(module, unit, &dwarf_bias)))
		dwarf_getfuncs(unit, look_at, s, 0);
	if (s->found)
		dwarf_lowpc(&s->die, &pc);
	else
		pc = symbol_of(module, s->name, bias);
	if (!pc)
		return error_hint(
			error_new(ERROR_USAGE, "%s: %s has no function %s", option, path, s->name),
			"build it with -g, and do not strip it");
	*ret = pc;
	return NULL;
}

struct error *where_find_function(const char *path, const char *name, const char *option,
				  uint64_t *ret)
{
	Dwfl_Module *module;
	CLEANUP(end_dwfl) Dwfl *dwfl = begin(path, &module);
	struct search s = { .name = name };

	return find_function(dwfl ? module : NULL, path, option, &s, ret);
}

struct error *where_find_unit(const struct target *target, const struct workload *w,
			      struct target_unit *ret)
{
	Dwfl_Module *module;
	CLEANUP(end_dwfl) Dwfl *dwfl = begin(target->program, &module);
	CLEANUP(strbuf_clear) struct strbuf types = { 0 };
	struct search s = { .name = w->unit };
	uint64_t pc = 0;
	struct error *err = find_function(dwfl ? module : NULL, target->program, "--unit", &s, &pc);

	if (!err && s.found)
		err = read_parameters(w->unit, &s.die, &types);
	else if (!err)
		guess_parameters(w, &types);
	if (err)
		return err;
	if (types.len != w->argv.n)
		return error_new(ERROR_USAGE, "--unit: %s takes %zu arguments, not %zu", w->unit,
				 types.len - 1, w->argv.n - 1);
	*ret = (struct target_unit){ pc, strbuf_detach(&types) };
	return NULL;
}

void where_name_loop(const char *path, struct race_loop *loop)
{
	vec_each (&loop->pinned, p) {
		/* a call's address is the one it returns to */
		char *place = p->address ? where_is(path, p->address - 1) : NULL;

		if (!place)
			continue;
		free(p->place);
		p->place = place;
	}
}
