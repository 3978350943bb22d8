#include "profiler/loader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/subprocess.h"
#include "profiler/elf.h"
#include "profiler/runtime/plan.h"

#define INTERPRETER   "/lib64/ld-linux-x86-64.so.2"
#define LIST_LIMIT_NS 10000000000ull
#define TLS_ALIGN     64 /* of the thread pointer */

/* They belong to the one libc of the process: never copied. */
static const char *const libc_family[] = {
	"libc.so",      "libm.so",     "libpthread.so", "libdl.so",  "librt.so",
	"libutil.so",   "libmvec.so",  "libresolv.so",  "libanl.so", "libnsl.so",
	"ld-linux-x86", "libgcc_s.so", "linux-vdso.so",
};

/* Runtimes that own the whole process; a second copy of one, or its use from our threads, fails. */
static const struct {
	const char *library, *why;
} runtimes[] = {
	{ "libstdc++.so", "it uses the C++ runtime" },
	{ "libc++.so", "it uses the C++ runtime" },
	{ "libgo.so", "it uses the Go runtime" },
	{ "libgnat-", "it uses the Ada runtime" },
	{ "libgfortran.so", "it uses the Fortran runtime" },
	{ "libgomp.so", "it uses OpenMP, whose threads are its own" },
	{ "libomp.so", "it uses OpenMP, whose threads are its own" },
	{ "libjvm.so", "it uses a Java machine" },
	{ "libasan.so", "it is built with AddressSanitizer" },
	{ "libtsan.so", "it is built with ThreadSanitizer" },
	{ "libubsan.so", "it is built with UndefinedBehaviorSanitizer" },
	{ "liblsan.so", "it is built with LeakSanitizer" },
};

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool in_libc_family(const char *name)
{
	for (size_t i = 0; i < sizeof(libc_family) / sizeof(*libc_family); i++) {
		if (starts_with(name, libc_family[i]))
			return true;
	}
	return false;
}

static void library_clear(struct loader_library *library)
{
	free(library->name);
	free(library->path);
}

void loader_libraries_clear(struct loader_libraries *libraries)
{
	vec_each (libraries, library)
		library_clear(library);
	vec_clear(libraries);
}

/* --- the program's own headers ---------------------------------------------------------------- */

static const char *why_not_elf(const struct elf *elf)
{
	const unsigned char *ident = elf_at(elf, 0, SELFMAG);

	if (ident && memcmp(ident, "#!", 2) == 0)
		return "it is a script";
	if (!ident || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return "it is not an ELF executable";
	return "it is built for another kind of processor";
}

static const char *why_not_headers(const struct elf *elf)
{
	const Elf64_Ehdr *h = elf_header(elf);
	const Elf64_Phdr *tls = elf_segment(elf, PT_TLS);
	size_t ignored;

	if (!h)
		return why_not_elf(elf);
	if (!elf_segment(elf, PT_DYNAMIC))
		return "it is statically linked";
	if (h->e_type == ET_EXEC)
		return "it is linked at a fixed address (build it with -fPIE and link with -pie, "
		       "or "
		       "give --rebuild)";
	if (h->e_type != ET_DYN || !elf_interpreter(elf))
		return "it is statically linked, or a library";
	if (strcmp(elf_interpreter(elf), INTERPRETER) != 0)
		return "it uses another C library than glibc";
	if (tls && (tls->p_memsz > PLAN_TLS_BYTES - TLS_ALIGN || tls->p_align > TLS_ALIGN))
		return "it has too many thread-local variables of its own";
	if (elf_dynamic(elf, DT_PREINIT_ARRAY, 0, &ignored))
		return "it runs code before the C library is ready (a sanitizer?)";
	return NULL;
}

/* --- its libraries ---------------------------------------------------------------------------- */

/* "\tNAME => PATH (0x...)" of the dynamic linker's --list. */
static bool parse_line(char *line, struct loader_library *ret)
{
	char *arrow = strstr(line, " => "), *path, *end;

	if (!arrow)
		return false;
	while (isspace((unsigned char)*line))
		line++;
	path = arrow + strlen(" => ");
	end = strstr(path, " (0x");
	if (!end || *path != '/')
		return false;
	*ret = (struct loader_library){ xstrndup(line, (size_t)(arrow - line)),
					xstrndup(path, (size_t)(end - path)), false };
	return true;
}

static char *list_libraries(const char *program, struct loader_libraries *ret)
{
	const char *const argv[] = { INTERPRETER, "--list", program, NULL };
	const struct subprocess_limits limits = { .wall_ns = LIST_LIMIT_NS };
	CLEANUP(strbuf_clear) struct strbuf out = { 0 };
	CLEANUP(strbuf_clear) struct strbuf said = { 0 };
	CLEANUP(error_clear) struct error *err = NULL;
	struct subprocess_result ended;
	char *rest, *line;

	err = subprocess_run(argv, &limits, &out, &said, &ended);
	if (err)
		return xasprintf("its libraries cannot be listed: %s", err->message);
	if (ended.timed_out || ended.status)
		return xasprintf("its libraries cannot be listed: %s", strbuf_str(&said));
	rest = out.s;
	while ((line = strsep(&rest, "\n"))) {
		struct loader_library library;

		if (strstr(line, "=> not found"))
			return xstrdup("a library it needs is missing");
		if (parse_line(line, &library))
			vec_push(ret, library);
	}
	return NULL;
}

static char *why_not_runtime(const struct loader_libraries *all)
{
	vec_each (all, library) {
		for (size_t i = 0; i < sizeof(runtimes) / sizeof(*runtimes); i++) {
			if (starts_with(library->name, runtimes[i].library))
				return xasprintf("%s (%s)", runtimes[i].why, library->name);
		}
	}
	return NULL;
}

static struct loader_library *find(struct loader_libraries *all, const char *name)
{
	vec_each (all, library) {
		if (library->name && strcmp(library->name, name) == 0)
			return library;
	}
	return NULL;
}

/* Move `library` to `ret`, after what it needs. */
static void take(struct loader_libraries *all, struct loader_library *library,
		 struct loader_libraries *ret)
{
	struct loader_library mine = *library;
	CLEANUP(error_clear) struct error *err = NULL;
	struct elf elf = { 0 };
	const char *needed;
	size_t flags;

	*library = (struct loader_library){ 0 }; /* also ends a cycle */
	err = elf_open(mine.path, &elf);
	for (size_t i = 0; !err && (needed = elf_needed(&elf, i)); i++) {
		struct loader_library *other = find(all, needed);

		if (other)
			take(all, other, ret);
	}
	if (!err && elf_dynamic(&elf, DT_FLAGS, 0, &flags))
		mine.shared = flags & DF_STATIC_TLS;
	elf_close(&elf);
	if (in_libc_family(mine.name))
		library_clear(&mine);
	else
		vec_push(ret, mine);
}

char *loader_why_not(const char *program, struct loader_libraries *libraries)
{
	CLEANUP(loader_libraries_clear) struct loader_libraries all = { 0 };
	CLEANUP(error_clear) struct error *err = NULL;
	CLEANUP(elf_close) struct elf elf = { 0 };
	const char *why;
	char *text;

	err = elf_open(program, &elf);
	if (err)
		return xstrdup(err->message);
	why = why_not_headers(&elf);
	if (why)
		return xstrdup(why);
	text = list_libraries(program, &all);
	if (!text)
		text = why_not_runtime(&all);
	if (text)
		return text;
	vec_each (&all, library) {
		if (library->name)
			take(&all, library, libraries);
	}
	return NULL;
}
