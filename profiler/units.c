#include "profiler/units.h"

#include <fcntl.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "base/subprocess.h"
#include "profiler/elf.h"

#define LIST_TIMEOUT_NS 10000000000ull

struct object_file {
	int fd;
	Elf *elf; /* NULL: not an ELF file, or not there */
};

static struct object_file object_open(const char *path)
{
	struct object_file o = { .fd = open(path, O_RDONLY | O_CLOEXEC) };

	elf_version(EV_CURRENT);
	o.elf = o.fd < 0 ? NULL : elf_begin(o.fd, ELF_C_READ_MMAP, NULL);
	return o;
}

static void object_close(struct object_file *o)
{
	elf_end(o->elf);
	if (o->fd >= 0)
		close(o->fd);
}

/* --- symbols ---------------------------------------------------------------------------------- */

struct wanted { /* and what was found of it */
	const char *name;
	size_t name_n;
	uint64_t address, clone_address;
	size_t found, clones; /* at different addresses */
};

static void look_at(struct wanted *w, const char *symbol, uint64_t address)
{
	const char *suffix;

	if (!symbol || strncmp(symbol, w->name, w->name_n))
		return;
	suffix = symbol + w->name_n;
	if (!*suffix) {
		w->found += w->address != address;
		w->address = address;
	} else if (*suffix == '.' && !strstr(suffix, ".cold") && !strstr(suffix, ".part")) {
		w->clones += w->clone_address != address;
		w->clone_address = address;
	}
}

static void look_in(Elf *elf, struct wanted *w)
{
	Elf_Scn *section = NULL;

	while (elf && (section = elf_nextscn(elf, section))) {
		Elf_Data *data = elf_getdata(section, NULL);
		GElf_Shdr header;
		GElf_Sym symbol;

		if (!gelf_getshdr(section, &header) || !data ||
		    (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
			continue;
		for (int i = 0; gelf_getsym(data, i, &symbol); i++) {
			if (GELF_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx)
				look_at(w, elf_strptr(elf, header.sh_link, symbol.st_name),
					symbol.st_value);
		}
	}
}

/* The file with the symbols that were stripped from this one; one that cannot be opened if there is
 * none. */
static struct object_file debug_file(Elf *elf)
{
	CLEANUP(strbuf_clear) struct strbuf path = { 0 };
	const void *id = NULL;
	ssize_t n = dwelf_elf_gnu_build_id(elf, &id);

	if (n < 2)
		return (struct object_file){ .fd = -1 };
	strbuf_addf(&path, "/usr/lib/debug/.build-id/%02x/", *(const unsigned char *)id);
	for (ssize_t i = 1; i < n; i++)
		strbuf_addf(&path, "%02x", ((const unsigned char *)id)[i]);
	strbuf_addf(&path, ".debug");
	return object_open(strbuf_str(&path));
}

static bool offset_of(Elf *elf, uint64_t address, uint64_t *ret)
{
	GElf_Phdr segment;
	size_t n = 0;

	elf_getphdrnum(elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
		    segment.p_flags & PF_X && address >= segment.p_vaddr &&
		    address - segment.p_vaddr < segment.p_filesz) {
			*ret = address - segment.p_vaddr + segment.p_offset;
			return true;
		}
	}
	return false;
}

static void cfi_end(Dwarf_CFI **cfi)
{
	dwarf_cfi_end(*cfi);
}

/*
 * Whether the stack at this address is that of a function just called: the return address on top.
 * Marking returns replaces it, which would ruin a program at its very start (what it finds there is
 * its arguments) and in the middle of a function.
 */
static bool is_entry(Elf *elf, uint64_t address)
{
	const int stack_pointer = 7, return_address = 16, word = 8;
	CLEANUP(cfi_end) Dwarf_CFI *cfi = dwarf_getcfi_elf(elf);
	CLEANUP(cleanup_free) Dwarf_Frame *frame = NULL;
	Dwarf_Op memory[3], *ops = NULL;
	size_t n = 0;

	if (!cfi || dwarf_cfi_addrframe(cfi, address, &frame) ||
	    dwarf_frame_register(frame, return_address, memory, &ops, &n) || !n ||
	    dwarf_frame_cfa(frame, &ops, &n) || n != 1)
		return false;
	return ops[0].atom == DW_OP_bregx && (int)ops[0].number == stack_pointer &&
	       (int)ops[0].number2 == word;
}

/* An address of an open file as a place; what it is called does not matter. */
static struct error *place_of(Elf *elf, const char *path, const char *name, uint64_t address,
			      struct unit *ret)
{
	uint64_t offset;

	if (!offset_of(elf, address, &offset) || !is_entry(elf, address))
		return error_hint(error_new(ERROR_USAGE,
					    "the calls of %s cannot be recorded: what is called is "
					    "not known to be a function that returns",
					    name),
				  "choose the function that calls it, or one it calls");
	*ret = (struct unit){ xstrdup(name), xstrdup(path), offset };
	return NULL;
}

/* False: it is not there. */
static struct error *find_in(const char *path, const char *name, struct unit *ret, bool *found)
{
	CLEANUP(object_close) struct object_file object = object_open(path);
	CLEANUP(object_close) struct object_file debug = { .fd = -1 };
	struct wanted w = { .name = name, .name_n = strlen(name) };

	*found = false;
	if (!object.elf)
		return NULL;
	look_in(object.elf, &w);
	debug = debug_file(object.elf);
	look_in(debug.elf, &w);
	if (!w.found && w.clones) {
		w.found = w.clones;
		w.address = w.clone_address;
	}
	if (w.found > 1)
		return error_hint(error_new(ERROR_USAGE, "%zu functions of %s are named %s",
					    w.found, path, name),
				  "name the one you mean by its place in the file: nm %s | grep -w "
				  "%s, then --unit 'program+0xADDRESS'",
				  path, name);
	*found = w.found;
	return w.found ? place_of(object.elf, path, name, w.address, ret) : NULL;
}

/* --- the files to look in --------------------------------------------------------------------- */

/* What the dynamic loader would load, a line each: "\tlibc.so.6 => /lib/.../libc.so.6 (0x...)". It runs nothing of the program. Owned by the caller; empty when there is nothing. */
static char *list_libraries(const char *program)
{
	CLEANUP(elf_close) struct elf elf = { 0 };
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	CLEANUP(strbuf_clear) struct strbuf err_out = { 0 };
	CLEANUP(error_clear) struct error *err = elf_open(program, &elf);
	struct subprocess_limits limits = { .wall_ns = LIST_TIMEOUT_NS };
	struct subprocess_result result;
	const char *argv[] = { NULL, "--list", program, NULL };

	argv[0] = err ? NULL : elf_interpreter(&elf);
	if (!argv[0])
		return xstrdup("");
	err = subprocess_run(argv, &limits, &out, &err_out, &result);
	return xstrdup(err || result.status ? "" : strbuf_str(&out));
}

/* The next library's path, or NULL after the last. Changes the text. */
static char *next_library(char **text)
{
	char *path = strstr(*text, "=> /"), *end;

	if (!path)
		return NULL;
	path += 3;
	end = path + strcspn(path, " \n");
	*text = *end ? end + 1 : end;
	*end = '\0';
	return path;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "program+0x1a2b0" */
static bool is_place(const char *path, const char *name, uint64_t *address)
{
	const char *plus = strrchr(name, '+'), *base = base_of(path);
	int end = 0;

	return plus && strlen(base) == (size_t)(plus - name) &&
	       !strncmp(base, name, (size_t)(plus - name)) &&
	       sscanf(plus + 1, "%" SCNx64 "%n", address, &end) == 1 && !plus[1 + end];
}

static struct error *look_at_file(const char *path, const char *name, struct unit *ret, bool *found)
{
	CLEANUP(object_close) struct object_file object = { .fd = -1 };
	uint64_t address;

	*found = is_place(path, name, &address);
	if (!*found)
		return find_in(path, name, ret, found);
	object = object_open(path);
	if (!object.elf)
		return error_new(ERROR_USAGE, "cannot read %s", path);
	return place_of(object.elf, path, name, address, ret);
}

struct error *unit_find(const char *program, const char *name, struct unit *ret)
{
	CLEANUP(cleanup_free) char *libraries = NULL;
	struct error *err;
	char *rest, *path;
	bool found;

	err = look_at_file(program, name, ret, &found);
	if (err || found)
		return err;
	rest = libraries = list_libraries(program);
	while ((path = next_library(&rest))) {
		err = look_at_file(path, name, ret, &found);
		if (err || found)
			return err;
	}
	return error_hint(error_new(ERROR_USAGE,
				    "--unit %s: no function of that name in %s or its libraries",
				    name, program),
			  "the compiler may have inlined it, or the symbols were stripped: build "
			  "with -g, install the -dbgsym package, or leave --unit out to have it "
			  "found");
}

void unit_clear(struct unit *unit)
{
	free(unit->name);
	free(unit->path);
	*unit = (struct unit){ 0 };
}
