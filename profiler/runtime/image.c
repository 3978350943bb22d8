#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profiler/runtime/hooks.h"
#include "profiler/runtime/image.h"

#define PAGE      4096ul
#define SMALL_BSS (1024 * 1024ul) /* below, zeroing by hand is cheaper than fresh pages */

static char *page_down(const void *p)
{
	return (char *)((uintptr_t)p & ~(PAGE - 1));
}

static char *page_up(const void *p)
{
	return page_down((const char *)p + PAGE - 1);
}

/* --- the file --------------------------------------------------------------------------------- */

/* A file in memory, to be patched. Its headers were checked by loader.c. */
struct file {
	char *bytes;
	size_t size;
};

static const Elf64_Phdr *segments(const struct file *f, unsigned *n)
{
	const Elf64_Ehdr *h = (const void *)f->bytes;

	if (f->size < sizeof(*h) || h->e_phoff > f->size ||
	    h->e_phnum * sizeof(Elf64_Phdr) > f->size - h->e_phoff) {
		*n = 0;
		return NULL;
	}
	*n = h->e_phnum;
	return (const void *)(f->bytes + h->e_phoff);
}

/* The file's bytes at an address of the image, or NULL. */
static char *at_address(const struct file *f, size_t address, size_t size)
{
	unsigned n;
	const Elf64_Phdr *ph = segments(f, &n);

	for (unsigned i = 0; i < n; i++) {
		size_t into = address - ph[i].p_vaddr;

		if (ph[i].p_type == PT_LOAD && address >= ph[i].p_vaddr && into < ph[i].p_filesz &&
		    size <= ph[i].p_filesz - into && ph[i].p_offset + into + size <= f->size)
			return f->bytes + ph[i].p_offset + into;
	}
	return NULL;
}

static Elf64_Dyn *dynamic(const struct file *f)
{
	unsigned n;
	const Elf64_Phdr *ph = segments(f, &n);

	for (unsigned i = 0; i < n; i++) {
		if (ph[i].p_type == PT_DYNAMIC)
			return (void *)at_address(f, ph[i].p_vaddr, ph[i].p_filesz);
	}
	return NULL;
}

static size_t dynamic_value(const Elf64_Dyn *dyn, long tag)
{
	for (; dyn->d_tag != DT_NULL; dyn++) {
		if (dyn->d_tag == tag)
			return dyn->d_un.d_val;
	}
	return 0;
}

/* Short, unique in this process, and no longer than any soname ("libz.so"). */
static void private_name(char name[8], unsigned copy, unsigned library)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	unsigned long number = copy * 1024ul + library;

	memcpy(name, "q00000", 7);
	for (int i = 5; i > 0; i--, number /= 36)
		name[i] = digits[number % 36];
}

/* The private name of a library in the plan, or false if it is not copied. */
static bool renamed(const struct host *h, const char *soname, unsigned copy, char name[8])
{
	const struct plan_library *libraries = (const void *)host_text(h, h->plan->libraries);

	for (unsigned i = 0; i < h->plan->libraries_n; i++) {
		if (strcmp(host_text(h, libraries[i].name), soname) == 0 && strlen(soname) >= 6 &&
		    !libraries[i].shared) {
			private_name(name, copy, i);
			return true;
		}
	}
	return false;
}

/*
 * In place: a string that needs and version needs share is renamed for both. Strings are only
 * overwritten, never moved.
 */
static int patch(const struct host *h, const struct file *f, unsigned copy)
{
	Elf64_Dyn *dyn = dynamic(f);
	char *strings =
		dyn ? at_address(f, dynamic_value(dyn, DT_STRTAB), dynamic_value(dyn, DT_STRSZ))
		    : NULL;
	char name[8];

	if (!strings)
		return -ENOEXEC;
	for (; dyn->d_tag != DT_NULL; dyn++) {
		char *s = strings + dyn->d_un.d_val;

		if (dyn->d_tag == DT_FLAGS_1)
			dyn->d_un.d_val &= ~(size_t)DF_1_PIE;
		if ((dyn->d_tag == DT_NEEDED || dyn->d_tag == DT_SONAME) &&
		    renamed(h, s, copy, name))
			memcpy(s, name, strlen(name) + 1);
	}
	return 0;
}

/*
 * References of a program to its own thread-local variables by their distance from the thread
 * pointer are filled in here: to the dynamic linker, which takes it for a library, they lie elsewhere.
 */
static void place_tls(const struct file *f)
{
	const Elf64_Dyn *dyn = dynamic(f);
	size_t n = dynamic_value(dyn, DT_RELASZ) / sizeof(Elf64_Rela);
	Elf64_Rela *r = (void *)at_address(f, dynamic_value(dyn, DT_RELA), n * sizeof(*r));
	struct image_tls tls = image_tls_find(f->bytes);

	for (size_t k = 0; r && tls.size && k < n; k++) {
		size_t at = dynamic_value(dyn, DT_SYMTAB) +
			    ELF64_R_SYM(r[k].r_info) * sizeof(Elf64_Sym);
		const Elf64_Sym *sym = (const void *)at_address(f, at, sizeof(*sym));
		char *slot = at_address(f, r[k].r_offset, sizeof(size_t));
		size_t distance;

		if (ELF64_R_TYPE(r[k].r_info) != R_X86_64_TPOFF64 || !sym || !slot ||
		    (ELF64_R_SYM(r[k].r_info) && sym->st_shndx == SHN_UNDEF))
			continue;
		distance = sym->st_value + (size_t)r[k].r_addend - tls.size;
		memcpy(slot, &distance, sizeof(distance));
		r[k].r_info = ELF64_R_INFO(0, R_X86_64_NONE);
	}
}

/* A memfd with the file's content, mapped; returns its descriptor or a negative errno. */
static int duplicate(const char *path, struct file *ret)
{
	int from = open(path, O_RDONLY | O_CLOEXEC);
	int to = memfd_create("concur-copy", MFD_CLOEXEC);
	struct stat st;
	off_t at = 0;
	void *p;

	if (from < 0 || to < 0 || fstat(from, &st) < 0 || ftruncate(to, st.st_size) < 0)
		return -errno;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, to, 0);
	if (p == MAP_FAILED)
		return -errno;
	while (at < st.st_size) {
		ssize_t n = pread(from, (char *)p + at, (size_t)(st.st_size - at), at);

		if (n <= 0)
			return -EIO;
		at += n;
	}
	close(from);
	*ret = (struct file){ p, (size_t)st.st_size };
	return to;
}

/* --- main() ----------------------------------------------------------------------------------- */

/* From .symtab, or 0. */
static size_t main_of_symtab(const struct file *f)
{
	const Elf64_Ehdr *h = (const void *)f->bytes;
	const Elf64_Shdr *sections = (const void *)(f->bytes + h->e_shoff);

	if (!h->e_shoff || h->e_shoff > f->size ||
	    h->e_shnum * sizeof(*sections) > f->size - h->e_shoff)
		return 0;
	for (unsigned i = 0; i < h->e_shnum; i++) {
		const Elf64_Shdr *s = &sections[i], *strings;
		const Elf64_Sym *symbols = (const void *)(f->bytes + s->sh_offset);

		if (s->sh_type != SHT_SYMTAB || s->sh_link >= h->e_shnum ||
		    s->sh_offset > f->size || s->sh_size > f->size - s->sh_offset)
			continue;
		strings = &sections[s->sh_link];
		for (size_t k = 0; k < s->sh_size / sizeof(*symbols); k++) {
			size_t name = strings->sh_offset + symbols[k].st_name;

			if (symbols[k].st_value && name < f->size - 5 &&
			    memcmp(f->bytes + name, "main", 5) == 0)
				return symbols[k].st_value;
		}
	}
	return 0;
}

/*
 * From _start, which hands main to __libc_start_main in %rdi: `lea main(%rip), %rdi`, or
 * `mov main@GOTPCREL(%rip), %rdi` where the linker did not relax it.
 */
static void *main_of_start(const struct file *f, const struct link_map *map)
{
	const Elf64_Ehdr *h = (const void *)f->bytes;
	const unsigned char *code = (void *)at_address(f, h->e_entry, 64);
	int32_t displacement;

	for (unsigned i = 0; code && i < 56; i++) {
		if (code[i] != 0x48 || (code[i + 1] != 0x8d && code[i + 1] != 0x8b) ||
		    code[i + 2] != 0x3d)
			continue;
		memcpy(&displacement, code + i + 3, sizeof(displacement));
		char *at = (char *)map->l_addr + h->e_entry + i + 7 + displacement;
		return code[i + 1] == 0x8d ? (void *)at : *(void **)(void *)at;
	}
	return NULL;
}

static int find_main(const struct host *h, const struct file *f, struct image *image)
{
	const struct image_module *program = &image->modules[image->n - 1];
	size_t offset = main_of_symtab(f);
	void *at = offset ? (char *)program->map->l_addr + offset : main_of_start(f, program->map);

	if (!at || image_at(image, at) != program) {
		host_why(h, "its main() cannot be found");
		return -ENOEXEC;
	}
	memcpy(&image->main, &at, sizeof(at));
	return 0;
}

/* --- relocations ------------------------------------------------------------------------------ */

struct tables { /* of one module's dynamic section */
	const Elf64_Sym *symbols;
	const char *strings;
	const Elf64_Rela *rela[2];
	size_t rela_n[2];
};

/* The dynamic linker has turned most of these into addresses, but not all of them everywhere. */
static const void *absolute(const struct link_map *map, size_t value)
{
	return (const void *)(value < map->l_addr ? value + map->l_addr : value);
}

static struct tables read_tables(const struct link_map *map)
{
	const Elf64_Dyn *dyn = map->l_ld;
	struct tables t = { 0 };

	t.symbols = absolute(map, dynamic_value(dyn, DT_SYMTAB));
	t.strings = absolute(map, dynamic_value(dyn, DT_STRTAB));
	if (dynamic_value(dyn, DT_RELASZ)) {
		t.rela[0] = absolute(map, dynamic_value(dyn, DT_RELA));
		t.rela_n[0] = dynamic_value(dyn, DT_RELASZ) / sizeof(Elf64_Rela);
	}
	if (dynamic_value(dyn, DT_PLTRELSZ)) {
		t.rela[1] = absolute(map, dynamic_value(dyn, DT_JMPREL));
		t.rela_n[1] = dynamic_value(dyn, DT_PLTRELSZ) / sizeof(Elf64_Rela);
	}
	return t;
}

static bool inside(const struct image_module *m, const void *p)
{
	return (const char *)p >= m->low && (const char *)p < m->high;
}

/* In the program itself, by one of its names, or NULL. */
static void *own_variable(const struct image *image, const char *const *names)
{
	const struct image_module *program = &image->modules[image->n - 1];

	for (; *names; names++) {
		void *at = dlsym(program->handle, *names);

		if (at && inside(program, at))
			return at;
	}
	return NULL;
}

void *image_variable(const struct image *image, const char *name)
{
	static const struct {
		const char *names[4];
		size_t offset;
	} variables[] = {
		{ { "stdin" }, offsetof(struct image_variables, in) },
		{ { "stdout" }, offsetof(struct image_variables, out) },
		{ { "stderr" }, offsetof(struct image_variables, err) },
		{ { "optarg" }, offsetof(struct image_variables, optarg) },
		{ { "optind" }, offsetof(struct image_variables, optind) },
		{ { "opterr" }, offsetof(struct image_variables, opterr) },
		{ { "optopt" }, offsetof(struct image_variables, optopt) },
		{ { "environ", "__environ", "_environ" },
		  offsetof(struct image_variables, environ) },
	};
	const char *const only[] = { name, NULL };

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		for (const char *const *n = variables[i].names; *n; n++) {
			void *at;

			if (strcmp(*n, name) != 0)
				continue;
			at = own_variable(image, variables[i].names);
			return at ? at : (char *)(uintptr_t)&image->own + variables[i].offset;
		}
	}
	return own_variable(image, only);
}

/*
 * What a reference should be bound to if this were the executable of a process of its own: its own
 * definition first, then our hooks and private variables. NULL: what the dynamic linker found.
 */
static void *better(const struct image *image, const struct image_module *m, const Elf64_Sym *sym,
		    const char *name)
{
	const struct image_module *program = &image->modules[image->n - 1];
	bool defined = sym->st_shndx != SHN_UNDEF;
	void *at;

	if (!*name || ELF64_ST_BIND(sym->st_info) == STB_LOCAL ||
	    ELF64_ST_TYPE(sym->st_info) == STT_GNU_IFUNC)
		return NULL;
	if (m == program && defined)
		return (char *)m->map->l_addr + sym->st_value;
	if (m != program) { /* the program's definition wins over the library's own */
		at = dlsym(program->handle, name);
		if (at && inside(program, at))
			return at;
	}
	if (defined)
		return NULL;
	at = hook_find(name);
	return at ? at : image_variable(image, name);
}

/* A COPY relocation's source, when it is not libc's: the dynamic linker found the target itself. */
static void copy_again(const struct image *image, const Elf64_Sym *sym, const char *name, char *to)
{
	for (unsigned i = 0; i + 1 < image->n; i++) {
		const struct image_module *library = &image->modules[i];
		void *from = dlsym(library->handle, name);

		if (from && inside(library, from)) {
			memcpy(to, from, sym->st_size);
			return;
		}
	}
}

static int find_extent(struct image_module *m)
{
	const Elf64_Ehdr *h = (const void *)m->map->l_addr; /* PIE: linked at 0 */
	const Elf64_Phdr *ph;

	if (memcmp(h->e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	ph = (const void *)((const char *)h + h->e_phoff);
	m->low = (char *)m->map->l_addr;
	for (unsigned i = 0; i < h->e_phnum; i++) {
		char *end = m->low + ph[i].p_vaddr + ph[i].p_memsz;

		if (ph[i].p_type == PT_LOAD && page_up(end) > m->high)
			m->high = page_up(end);
	}
	return 0;
}

/* Read-only after relocation: made writable while we relocate again. */
static void protect_relro(const struct image_module *m, int protection)
{
	const Elf64_Ehdr *h = (const void *)m->low;
	const Elf64_Phdr *ph = (const void *)(m->low + h->e_phoff);

	for (unsigned i = 0; i < h->e_phnum; i++) {
		char *start = (char *)m->map->l_addr + ph[i].p_vaddr;

		if (ph[i].p_type == PT_GNU_RELRO)
			mprotect(page_down(start),
				 (size_t)(page_down(start + ph[i].p_memsz) - page_down(start)),
				 protection);
	}
}

static void relocate_one(const struct image *image, const struct image_module *m,
			 const struct tables *t, const Elf64_Rela *r)
{
	const Elf64_Sym *sym = &t->symbols[ELF64_R_SYM(r->r_info)];
	const char *name = t->strings + sym->st_name;
	char *slot = (char *)m->map->l_addr + r->r_offset;
	void *to;

	switch (ELF64_R_TYPE(r->r_info)) {
	case R_X86_64_COPY:
		copy_again(image, sym, name, slot);
		return;
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
	case R_X86_64_64:
		break;
	default:
		return;
	}
	to = better(image, m, sym, name);
	if (!to)
		return;
	if (ELF64_R_TYPE(r->r_info) == R_X86_64_64)
		to = (char *)to + r->r_addend;
	memcpy(slot, &to, sizeof(to));
}

/* A program's own thread-local variables: linked as an executable's, there is nothing to relocate. */
static bool tls_is_reachable(const struct image_module *m)
{
	struct tables t = read_tables(m->map);

	for (size_t k = 0; m->tls.size && k < t.rela_n[0]; k++) {
		const Elf64_Rela *r = &t.rela[0][k];
		unsigned long type = ELF64_R_TYPE(r->r_info);

		unsigned long symbol = ELF64_R_SYM(r->r_info);

		/* libc's (errno) are undefined here */
		if ((type == R_X86_64_TPOFF64 || type == R_X86_64_DTPMOD64 ||
		     type == R_X86_64_TLSDESC) &&
		    (symbol == 0 || t.symbols[symbol].st_shndx != SHN_UNDEF))
			return false;
	}
	return image_tls_fits(&m->tls);
}

static void relocate(const struct image *image, const struct image_module *m)
{
	struct tables t = read_tables(m->map);

	protect_relro(m, PROT_READ | PROT_WRITE);
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < t.rela_n[i]; k++)
			relocate_one(image, m, &t, &t.rela[i][k]);
	}
	protect_relro(m, PROT_READ);
}

/* --- libraries that the program loads itself -------------------------------------------------- */

static struct link_map *last_known; /* the list grows at its end; nothing is ever unloaded */

static struct link_map *last_loaded(void)
{
	struct link_map *map = _r_debug.r_map;

	while (map->l_next)
		map = map->l_next;
	return map;
}

void image_all_loaded(void)
{
	last_known = last_loaded();
}

/* Of libc's own: it knows what it does. */
static bool is_libc_module(const char *name)
{
	return strstr(name, "/libnss_") || strstr(name, "/gconv/") || strstr(name, "/libgcc_s");
}

static void hook_module(struct link_map *map)
{
	struct image_module m = { .name = map->l_name, .map = map };
	struct tables t = read_tables(map);

	if (find_extent(&m))
		return;
	protect_relro(&m, PROT_READ | PROT_WRITE);
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < t.rela_n[i]; k++) {
			const Elf64_Rela *r = &t.rela[i][k];
			const Elf64_Sym *sym = &t.symbols[ELF64_R_SYM(r->r_info)];
			unsigned long type = ELF64_R_TYPE(r->r_info);
			void *to = NULL;

			if (sym->st_shndx == SHN_UNDEF &&
			    (type == R_X86_64_GLOB_DAT || type == R_X86_64_JUMP_SLOT))
				to = hook_find(t.strings + sym->st_name);
			if (to)
				memcpy(m.low + r->r_offset, &to, sizeof(to));
		}
	}
	protect_relro(&m, PROT_READ);
}

/* Locked over both: what another worker is still loading is not to be touched. */
void *image_open(const char *path, int flags)
{
	static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	void *handle;

	pthread_mutex_lock(&lock);
	handle = dlopen(path, flags);
	for (struct link_map *map = last_known->l_next; map; map = map->l_next) {
		if (!is_libc_module(map->l_name))
			hook_module(map);
		last_known = map;
	}
	pthread_mutex_unlock(&lock);
	return handle;
}

/* --- load ------------------------------------------------------------------------------------- */

static int open_module(const struct host *h, const char *path, struct image_module *m)
{
	m->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!m->handle || dlinfo(m->handle, RTLD_DI_LINKMAP, &m->map) < 0) {
		const char *said = dlerror();

		host_why(h, "%s cannot be loaded as a library: %s", m->name, said ? said : "?");
		return -ENOEXEC;
	}
	if (find_extent(m)) {
		host_why(h, "%s cannot be loaded as a library: its headers are not loaded",
			 m->name);
		return -ENOEXEC;
	}
	m->tls = image_tls_find(m->low);
	return 0;
}

static int load_copy(const struct host *h, const char *path, unsigned copy, struct image_module *m,
		     struct file *file)
{
	char name[32];
	int err;

	m->fd = duplicate(path, file);
	err = m->fd < 0 ? m->fd : patch(h, file, copy);
	if (!err && path == host_text(h, h->plan->program))
		place_tls(file);
	if (err) {
		host_why(h, "%s cannot be copied: %s", path, strerror(-err));
		return err;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", m->fd);
	return open_module(h, name, m);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int image_load(const struct host *h, unsigned index, struct image *ret)
{
	const struct plan_library *libraries = (const void *)host_text(h, h->plan->libraries);
	const char *program = host_text(h, h->plan->program);
	struct file file;
	int err;

	ret->n = h->plan->libraries_n + 1;
	ret->modules = host_memory(ret->n * sizeof(*ret->modules));
	if (!ret->modules)
		return -ENOMEM;
	for (unsigned i = 0; i < ret->n; i++) {
		struct image_module *m = &ret->modules[i];
		bool last = i + 1 == ret->n;
		const char *path = last ? program : host_text(h, libraries[i].path);

		m->name = base_name(path);
		m->shared = !last && libraries[i].shared;
		m->fd = -1;
		err = m->shared ? open_module(h, path, m) : load_copy(h, path, index, m, &file);
		if (err)
			return err;
		if (!m->shared && !last)
			munmap(file.bytes, file.size);
	}
	err = find_main(h, &file, ret);
	munmap(file.bytes, file.size);
	if (!err && !tls_is_reachable(&ret->modules[ret->n - 1])) {
		host_why(h, "its thread-local variables are not where an executable's are");
		return -ENOEXEC;
	}
	for (unsigned i = 0; !err && i < ret->n; i++) {
		if (!ret->modules[i].shared)
			relocate(ret, &ret->modules[i]);
	}
	return err;
}

bool image_overlaps(const struct image *a, const struct image *b)
{
	for (unsigned i = 0; i < a->n; i++) {
		if (!a->modules[i].shared && a->modules[i].map == b->modules[i].map)
			return true;
	}
	return false;
}

/* --- code pages ------------------------------------------------------------------------------- */

/* The segments that no patch has touched come from the file itself: one set of pages for all. */
static void share_module(const char *path, struct image_module *m)
{
	const Elf64_Ehdr *h = (const void *)m->low;
	const Elf64_Phdr *ph = (const void *)(m->low + h->e_phoff);
	const char *strings = read_tables(m->map).strings;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	for (unsigned i = 0; fd >= 0 && i < h->e_phnum; i++) {
		char *start = m->low + ph[i].p_vaddr, *end = start + ph[i].p_filesz;
		int protection = PROT_READ | (ph[i].p_flags & PF_X ? PROT_EXEC : 0);
		off_t offset = (off_t)(ph[i].p_offset & ~(PAGE - 1));

		if (ph[i].p_type != PT_LOAD || ph[i].p_flags & PF_W ||
		    ph[i].p_memsz != ph[i].p_filesz ||
		    (strings >= page_down(start) && strings < page_up(end)))
			continue;
		if (mmap(page_down(start), (size_t)(page_up(end) - page_down(start)), protection,
			 MAP_PRIVATE | MAP_FIXED, fd, offset) == MAP_FAILED)
			continue;
		/* Neighbours may share the first and the last page of the file. */
		start = page_up(start);
		if (page_down(end) > start)
			fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				  (off_t)(ph[i].p_offset + PAGE - 1) & ~(off_t)(PAGE - 1),
				  page_down(end) - start);
	}
	if (fd >= 0)
		close(fd);
}

void image_share_text(const struct host *h, struct image *image)
{
	const struct plan_library *libraries = (const void *)host_text(h, h->plan->libraries);

	for (unsigned i = 0; i < image->n; i++) {
		struct image_module *m = &image->modules[i];
		bool last = i + 1 == image->n;

		if (m->shared)
			continue;
		share_module(host_text(h, last ? h->plan->program : libraries[i].path), m);
		close(m->fd);
		m->fd = -1;
	}
}

/* --- writable memory -------------------------------------------------------------------------- */

static bool is_zero(const char *p, size_t n)
{
	return n == 0 || (*p == 0 && memcmp(p, p + 1, n - 1) == 0);
}

/* `fresh`: from here on no page comes from a file. */
static int save_range(struct image_module *m, char *start, char *fresh, char *end)
{
	struct image_range *r = &m->ranges[m->ranges_n];
	char *zeros = page_down(end);

	if (start >= end)
		return 0;
	if (m->ranges_n == IMAGE_RANGES)
		return -ENOMEM;
	if (zeros < fresh || !is_zero(zeros, (size_t)(end - zeros)))
		zeros = end;
	else
		while (zeros - PAGE >= fresh && is_zero(zeros - PAGE, PAGE))
			zeros -= PAGE;
	r->start = start;
	r->size = (size_t)(zeros - start);
	r->zeros = (size_t)(end - zeros);
	r->saved = host_memory(r->size + 1);
	if (!r->saved)
		return -ENOMEM;
	memcpy(r->saved, start, r->size);
	m->ranges_n++;
	return 0;
}

static int save_module(struct image_module *m)
{
	const Elf64_Ehdr *h = (const void *)m->low;
	const Elf64_Phdr *ph = (const void *)(m->low + h->e_phoff);
	char *relro = NULL, *relro_end = NULL;
	int err = 0;

	for (unsigned i = 0; i < h->e_phnum; i++) {
		if (ph[i].p_type == PT_GNU_RELRO) {
			relro = m->low + ph[i].p_vaddr;
			relro_end = page_down(relro + ph[i].p_memsz);
		}
	}
	for (unsigned i = 0; !err && i < h->e_phnum; i++) {
		char *start = m->low + ph[i].p_vaddr, *end = start + ph[i].p_memsz;

		if (ph[i].p_type != PT_LOAD || !(ph[i].p_flags & PF_W))
			continue;
		char *fresh = page_up(start + ph[i].p_filesz);

		if (relro && start <= relro && relro_end > start) /* at its beginning */
			start = relro_end;
		err = save_range(m, start, fresh > start ? fresh : page_up(start), end);
	}
	return err;
}

int image_save(struct image *image)
{
	int err = 0;

	for (unsigned i = 0; !err && i < image->n; i++)
		err = image->modules[i].shared ? 0 : save_module(&image->modules[i]);
	return err;
}

static void reset_range(const struct image_range *r)
{
	char *zeros = r->start + r->size;
	size_t whole = (size_t)(page_down(zeros + r->zeros) - zeros);

	memcpy(r->start, r->saved, r->size);
	if (r->zeros <= SMALL_BSS) {
		memset(zeros, 0, r->zeros);
		return;
	}
	madvise(zeros, whole, MADV_DONTNEED); /* anonymous pages come back as zeros */
	memset(zeros + whole, 0, r->zeros - whole);
}

void image_begin_thread(const struct image *image)
{
	image_tls_begin(&image->modules[image->n - 1].tls);
}

void image_reset(struct image *image)
{
	for (unsigned i = 0; i < image->n; i++) {
		const struct image_module *m = &image->modules[i];

		for (unsigned k = 0; k < m->ranges_n; k++)
			reset_range(&m->ranges[k]);
		if (!m->shared && i + 1 < image->n)
			image_tls_begin_library(&m->tls, m->handle);
	}
	image_begin_thread(image);
	image->own = (struct image_variables){ .optind = 1, .opterr = 1, .optopt = '?' };
}

const struct image_module *image_at(const struct image *image, const void *address)
{
	for (unsigned i = 0; i < image->n; i++) {
		if (inside(&image->modules[i], address))
			return &image->modules[i];
	}
	return NULL;
}
