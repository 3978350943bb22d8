#include "profiler/unwind.h"

#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "profiler/functions.h"
#include "profiler/where.h"

struct named { /* an address */
	UT_hash_handle hh;
	uint64_t address;
	struct stack_frames frames;
};

struct unwinder {
	const struct spaces *spaces;
	Dwfl *dwfl;
	Dwfl_Callbacks callbacks;
	char *debug_path;
	char *servers;           /* the environment's DEBUGINFOD_URLS meanwhile */
	const struct dump *dump; /* being walked */
	struct code_addresses *walked;
	struct named *by_address;
};

/* --- the objects as libdw's modules --- */

/* A private copy that may be changed; -1 if there is no room. */
static int copy_of(const void *bytes, size_t n)
{
	CLEANUP(cleanup_fd) int fd = memfd_create("object", MFD_CLOEXEC);
	int ret = fd;

	for (size_t at = 0; at < n;) {
		ssize_t wrote = fd < 0 ? -1 : write(fd, (const char *)bytes + at, n - at);

		if (wrote <= 0)
			return -1;
		at += (size_t)wrote;
	}
	fd = -1;
	return ret;
}

/* The kernel's own code for clock_gettime() and its like: the same in each process. */
static int vdso_copy(void)
{
	const unsigned char *vdso = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *header = (const void *)vdso;

	if (!vdso)
		return -1;
	return copy_of(vdso, header->e_shoff + (size_t)header->e_shnum * header->e_shentsize);
}

/* libdw takes the addresses in a program that is not position-independent for final; a copy that
 * calls itself a library can be moved to its range. */
static int movable_copy(int fd)
{
	const uint16_t library = ET_DYN;
	struct stat st;
	void *bytes;
	int copy;

	if (fstat(fd, &st) || st.st_size < (off_t)sizeof(Elf64_Ehdr))
		return -1;
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return -1;
	copy = copy_of(bytes, (size_t)st.st_size);
	munmap(bytes, (size_t)st.st_size);
	if (copy >= 0 && pwrite(copy, &library, sizeof(library), offsetof(Elf64_Ehdr, e_type)) < 0)
		cleanup_fd(&copy);
	return copy;
}

struct layout {             /* what has to be known of a file before libdw gets it */
	bool usable, fixed; /* fixed: ET_EXEC */
	uint64_t bias;      /* of addresses, when offset 0 is at 0 */
};

/* Usable only if the file is the one that was mapped. */
static struct layout layout_of(int fd, const struct object *object)
{
	struct layout layout = { 0 };
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	size_t segments = 0;
	GElf_Ehdr header;
	const void *id;
	ssize_t id_n;

	if (!elf)
		return layout;
	id_n = dwelf_elf_gnu_build_id(elf, &id);
	if (!gelf_getehdr(elf, &header) || elf_getphdrnum(elf, &segments))
		segments = 0;
	if (object->build_id_n && id_n > 0 &&
	    ((size_t)id_n != object->build_id_n || memcmp(id, object->build_id, (size_t)id_n)))
		segments = 0;
	layout.fixed = segments && header.e_type == ET_EXEC;
	for (int i = 0; i < (int)segments; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		layout.usable = true;
		layout.bias = ph.p_offset - ph.p_vaddr;
		break;
	}
	elf_end(elf);
	return layout;
}

static int file_of(const struct object *object)
{
	if (!strcmp(object->path, "[vdso]"))
		return vdso_copy();
	return object->fd >= 0 ? fcntl(object->fd, F_DUPFD_CLOEXEC, 0) : -1;
}

static const char *short_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void report(struct unwinder *u, size_t index)
{
	const struct object *object = &u->spaces->objects.items[index];
	int fd = file_of(object);
	struct layout layout = { 0 };

	if (fd >= 0)
		layout = layout_of(fd, object);
	if (layout.usable && layout.fixed) {
		int copy = movable_copy(fd);

		close(fd);
		fd = copy;
	}
	/* Takes the descriptor over if it succeeds. */
	if (fd < 0 || !layout.usable ||
	    !dwfl_report_elf(u->dwfl, short_name(object->path), object->path, fd,
			     object_base(index) + layout.bias, true))
		cleanup_fd(&fd);
}

/* --- walking --- */

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	(void)dwfl;
	if (*thread)
		return 0;
	*thread = arg;
	return 1;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	(void)dwfl;
	(void)tid;
	*thread = arg;
	return true;
}

static bool memory_read(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *arg)
{
	const struct unwinder *u = arg;
	const struct dump *dump = u->dump;

	(void)dwfl;
	if (address < dump->start || (address - dump->start) / sizeof(uint64_t) >= dump->n ||
	    (address - dump->start) % sizeof(uint64_t))
		return false;
	*ret = dump->words[(address - dump->start) / sizeof(uint64_t)];
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	static const unsigned char order[] = REGISTERS_DWARF;
	const struct unwinder *u = arg;
	Dwarf_Word words[sizeof(order)];

	for (size_t i = 0; i < sizeof(order); i++)
		words[i] = u->dump->regs[order[i]];
	dwfl_thread_state_register_pc(thread, u->dump->regs[REGISTER_IP]);
	return dwfl_thread_state_registers(thread, 0, sizeof(order), words);
}

static int keep_frame(Dwfl_Frame *frame, void *arg)
{
	struct code_addresses *walked = arg;
	Dwarf_Addr pc;
	bool active;

	if (!dwfl_frame_pc(frame, &pc, &active) || !pc)
		return DWARF_CB_ABORT;
	vec_push(walked, active ? pc : pc - 1);
	return walked->n < CALLS_MAX ? DWARF_CB_OK : DWARF_CB_ABORT;
}

bool unwinder_walk(struct unwinder *u, const struct dump *dump, struct code_addresses *ret)
{
	int end;

	u->dump = dump;
	ret->n = 0;
	end = dwfl_getthread_frames(u->dwfl, 1, keep_frame, ret);
	if (!ret->n)
		vec_push(ret, dump->regs[REGISTER_IP]);
	return end == 0;
}

/* --- naming --- */

static void push(struct stack_frames *frames, const char *function, const char *file, int line)
{
	struct stack_frame frame = { .function = xstrdup(function),
				     .file = xstrdup(file),
				     .line = line };

	vec_push(frames, frame);
}

static int number_of(Dwarf_Die *die, unsigned attribute)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	if (!dwarf_attr(die, attribute, &attr) || dwarf_formudata(&attr, &value) ||
	    value > INT32_MAX)
		return 0;
	return (int)value;
}

static const char *file_named(Dwarf_Die *unit, int index)
{
	Dwarf_Files *files;
	size_t n;

	if (dwarf_getsrcfiles(unit, &files, &n) || index <= 0 || (size_t)index >= n)
		return NULL;
	return dwarf_filesrc(files, (size_t)index, NULL, NULL);
}

/* The innermost block, then what it physically lies in, not what its source lies in. */
static int blocks_around(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die **ret)
{
	Dwarf_Die *scopes = NULL, inner;
	int n = dwarf_getscopes(unit, address, &scopes);

	if (n <= 0)
		return n;
	inner = scopes[0];
	free(scopes);
	return dwarf_getscopes_die(&inner, ret);
}

/* False: there is no debug information for it. */
static bool name_from_debug(Dwfl_Module *module, uint64_t address, struct stack_frames *frames)
{
	CLEANUP(cleanup_free) Dwarf_Die *blocks = NULL;
	Dwarf_Addr bias = 0;
	Dwarf_Die *unit = where_unit(module, address, &bias);
	Dwarf_Line *at = unit ? dwarf_getsrc_die(unit, address - bias) : NULL;
	const char *file = at ? dwarf_linesrc(at, NULL, NULL) : NULL;
	int n = unit ? blocks_around(unit, address - bias, &blocks) : 0, line = 0;

	if (at)
		dwarf_lineno(at, &line);
	for (int i = 0; i < n; i++) {
		int tag = dwarf_tag(&blocks[i]);

		if (tag != DW_TAG_subprogram && tag != DW_TAG_inlined_subroutine)
			continue;
		if (!dwarf_diename(&blocks[i]))
			break;
		push(frames, dwarf_diename(&blocks[i]), file, line);
		if (tag == DW_TAG_subprogram)
			return true;
		frames->items[frames->n - 1].inlined = true;
		file = file_named(unit, number_of(&blocks[i], DW_AT_call_file));
		line = number_of(&blocks[i], DW_AT_call_line);
	}
	return false;
}

/* Of a function without a symbol: "wget+0x1a2b0", by its beginning. */
static void name_from_place(Dwfl_Module *module, uint64_t address, const char *object,
			    struct stack_frames *frames)
{
	CLEANUP(cleanup_free) char *name = NULL;
	GElf_Addr bias = 0;
	Elf *elf = module ? dwfl_module_getelf(module, &bias) : NULL;
	uint64_t start;

	if (elf && function_start(elf, address - bias, &start))
		name = xasprintf("%s+0x%" PRIx64, object, start);
	push(frames, name ? name : "?", NULL, 0);
}

static void name(const struct unwinder *u, uint64_t address, struct stack_frames *frames)
{
	Dwfl_Module *module = dwfl_addrmodule(u->dwfl, address);
	const char *symbol = NULL, *object = "?";
	size_t index, before = frames->n;
	GElf_Off offset;
	GElf_Sym sym;

	if (object_of(u->spaces, address, &index))
		object = short_name(u->spaces->objects.items[index].path);
	if (!module || !name_from_debug(module, address, frames)) {
		if (module)
			symbol = dwfl_module_addrinfo(module, address, &offset, &sym, NULL, NULL,
						      NULL);
		if (symbol)
			push(frames, symbol, NULL, 0);
		else
			name_from_place(module, address, object, frames);
	}
	for (size_t i = before; i < frames->n; i++)
		frames->items[i].object = xstrdup(object);
}

const struct stack_frames *unwinder_name(struct unwinder *u, uint64_t address)
{
	struct named *named;

	HASH_FIND(hh, u->by_address, &address, sizeof(address), named);
	if (named)
		return &named->frames;
	named = xcalloc(1, sizeof(*named));
	named->address = address;
	name(u, address, &named->frames);
	HASH_ADD(hh, u->by_address, address, sizeof(address), named);
	return &named->frames;
}

/* --- its life --- */

struct unwinder *unwinder_new(const struct spaces *spaces)
{
	static const Dwfl_Thread_Callbacks threads = { .next_thread = next_thread,
						       .get_thread = get_thread,
						       .memory_read = memory_read,
						       .set_initial_registers = set_registers };
	struct unwinder *u = xcalloc(1, sizeof(*u));

	u->spaces = spaces;
	u->servers = xstrdup(getenv("DEBUGINFOD_URLS"));
	unsetenv("DEBUGINFOD_URLS");
	u->callbacks = (Dwfl_Callbacks){ .find_elf = dwfl_build_id_find_elf,
					 .find_debuginfo = dwfl_standard_find_debuginfo,
					 .section_address = dwfl_offline_section_address,
					 .debuginfo_path = &u->debug_path };
	elf_version(EV_CURRENT);
	u->dwfl = dwfl_begin(&u->callbacks);
	dwfl_report_begin(u->dwfl);
	for (size_t i = 0; i < spaces->objects.n; i++)
		report(u, i);
	dwfl_report_end(u->dwfl, NULL, NULL);
	dwfl_attach_state(u->dwfl, NULL, 1, &threads, u);
	return u;
}

void unwinder_free(struct unwinder **unwinder)
{
	struct unwinder *u = *unwinder;
	struct named *it, *next;

	if (!u)
		return;
	HASH_ITER (hh, u->by_address, it, next) {
		HASH_DEL(u->by_address, it);
		stack_frames_clear(&it->frames);
		free(it);
	}
	dwfl_end(u->dwfl);
	if (u->servers)
		setenv("DEBUGINFOD_URLS", u->servers, 1);
	free(u->servers);
	free(u);
	*unwinder = NULL;
}
