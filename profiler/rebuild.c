#include "profiler/rebuild.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/subprocess.h"
#include "profiler/elf.h"

#define COMPILE_NS 600000000000ull
#define SAID_MAX   300 /* bytes of what a compiler said */

void rebuild_clear(struct rebuild *r)
{
	for (size_t i = 0; r->dir && i < r->built; i++) {
		CLEANUP(cleanup_free) char *object = xasprintf("%s/%zu.o", r->dir, i);

		unlink(object);
	}
	if (r->program)
		unlink(r->program);
	if (r->dir)
		rmdir(r->dir);
	free(r->program);
	free(r->dir);
	*r = (struct rebuild){ 0 };
}

/* --- which units ------------------------------------------------------------------------------ */

static void end_dwarf(Dwarf **dwarf)
{
	dwarf_end(*dwarf);
}

static bool is_c(Dwarf_Die *die)
{
	switch (dwarf_srclang(die)) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
		return true;
	default: /* start-up code in assembler, for one */
		return false;
	}
}

/* Absolute paths of the C sources the program was made of; none without debugging information. */
static void read_sources(const char *program, struct strings *ret)
{
	CLEANUP(cleanup_fd) int fd = open(program, O_RDONLY | O_CLOEXEC);
	CLEANUP(end_dwarf) Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
	Dwarf_Off at = 0, next;
	size_t header;

	while (dwarf && dwarf_nextcu(dwarf, at, &next, &header, NULL, NULL, NULL) == 0) {
		Dwarf_Die die;
		Dwarf_Attribute attr;

		if (dwarf_offdie(dwarf, at + header, &die) && dwarf_diename(&die) && is_c(&die)) {
			const char *dir = dwarf_formstring(dwarf_attr(&die, DW_AT_comp_dir, &attr));
			CLEANUP(cleanup_free)
			char *path = path_join(dir ? dir : "/", dwarf_diename(&die));

			vec_push(ret, path_absolute(path));
		}
		at = next;
	}
}

static const struct rebuild_unit *find(const struct rebuild_units *units, const char *file)
{
	vec_each (units, unit) {
		if (strcmp(unit->file, file) == 0)
			return unit;
	}
	return NULL;
}

static struct error *choose(const char *program, const struct rebuild_units *all, size_t *named,
			    struct rebuild_units *ret)
{
	CLEANUP(strings_clear) struct strings sources = { 0 };

	read_sources(program, &sources);
	*named = sources.n;
	vec_each (&sources, source) {
		const struct rebuild_unit *unit = find(all, *source);

		if (!unit)
			return error_hint(error_new(ERROR_INPUT,
						    "%s is made of %zu files, of which the compile "
						    "database lacks %s",
						    program, sources.n, *source),
					  "make it again: bear -- make (after a clean build)");
		if (!find(ret, *source))
			vec_push(ret, *unit);
	}
	vec_each (all, unit) {
		if (!sources.n)
			vec_push(ret, *unit);
	}
	return ret->n ? NULL
		      : error_new(ERROR_INPUT, "the compile database has no file of %s", program);
}

/* --- compile and link ------------------------------------------------------------------------- */

static struct error *run_tool(const char *what, const struct strings *argv, const char *dir)
{
	CLEANUP(cleanup_file) FILE *said = tmpfile();
	struct subprocess_options opt = {
		.cwd = dir,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = said ? fileno(said) : -1,
		.gate_fd = -1,
		.limits = { .wall_ns = COMPILE_NS },
	};
	CLEANUP(strings_clear) struct strings args = { 0 };
	CLEANUP(cleanup_free) char *how = NULL;
	struct subprocess_result ended;
	struct subprocess sub;
	char text[SAID_MAX + 1];
	struct error *err;

	vec_each (argv, arg)
		strings_add(&args, *arg);
	vec_push(&args, NULL);
	opt.argv = (const char *const *)args.items;
	if (interrupt_pending())
		return interrupt_error();
	err = subprocess_start(&opt, &sub);
	if (!err)
		err = subprocess_wait(&sub, &ended);
	if (err)
		return error_wrap(err, "cannot build %s", what);
	if (!ended.timed_out && !ended.status)
		return NULL;
	how = subprocess_describe(&ended);
	if (said)
		rewind(said);
	text[said ? fread(text, 1, SAID_MAX, said) : 0] = '\0';
	return error_new(ERROR_INPUT, "cannot build %s: %s: %s", what, how, text);
}

static struct error *compile(const struct rebuild_unit *unit, struct rebuild *r)
{
	CLEANUP(strings_clear) struct strings argv = { 0 };

	vec_each (unit->argv, arg)
		strings_add(&argv, *arg);
	strings_add(&argv, "-w");
	strings_add(&argv, "-fPIE"); /* the last one counts */
	strings_add(&argv, "-c");
	strings_add(&argv, unit->file);
	strings_add(&argv, "-o");
	vec_push(&argv, xasprintf("%s/%zu.o", r->dir, r->built));
	r->built++;
	return run_tool(unit->file, &argv, unit->directory);
}

/* The words of LDLIBS, as make has them: a static program does not name its libraries. */
static void add_named(struct strings *argv)
{
	CLEANUP(cleanup_free) char *list = getenv("LDLIBS") ? xstrdup(getenv("LDLIBS")) : NULL;
	char *save = NULL;

	for (char *word = list ? strtok_r(list, " \t", &save) : NULL; word;
	     word = strtok_r(NULL, " \t", &save))
		strings_add(argv, word);
}

/* What the program needs by name, or, of one that is linked statically, what comes with libc. */
static void add_libraries(const char *program, struct strings *argv)
{
	static const char *const with_libc[] = { "-Wl,--as-needed", "-lm", "-lpthread", "-ldl" };
	CLEANUP(elf_close) struct elf elf = { 0 };
	CLEANUP(error_clear) struct error *err = elf_open(program, &elf);
	const char *needed;

	for (size_t i = 0; !err && (needed = elf_needed(&elf, i)); i++) {
		if (strncmp(needed, "libc.so", 7) && strncmp(needed, "ld-linux", 8))
			vec_push(argv, xasprintf("-l:%s", needed));
	}
	add_named(argv);
	for (size_t i = 0; i < sizeof(with_libc) / sizeof(*with_libc); i++)
		strings_add(argv, with_libc[i]);
}

/* Options that compiler and linker must be told alike. */
static bool is_for_both(const char *arg)
{
	static const char *const prefixes[] = { "-f", "-m", "-O", "-g", "-pthread", "--sysroot" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		if (strncmp(arg, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	}
	return false;
}

static struct error *link_all(const char *program, const struct rebuild_unit *first,
			      struct rebuild *r)
{
	CLEANUP(strings_clear) struct strings argv = { 0 };
	struct error *err;

	strings_add(&argv, first->argv->items[0]);
	for (size_t i = 1; i < first->argv->n; i++) {
		if (is_for_both(first->argv->items[i]))
			strings_add(&argv, first->argv->items[i]);
	}
	strings_add(&argv, "-pie");
	strings_add(&argv, "-o");
	strings_add(&argv, r->program);
	for (size_t i = 0; i < r->built; i++)
		vec_push(&argv, xasprintf("%s/%zu.o", r->dir, i));
	add_libraries(program, &argv);
	err = run_tool(program, &argv, first->directory);
	return err ? error_hint(err, "name libraries that are missing: LDLIBS='-lz -lm' concur ...")
		   : NULL;
}

struct error *rebuild_program(const char *program, const struct rebuild_units *units,
			      struct rebuild *ret)
{
	CLEANUP(rebuild_clear) struct rebuild r = { 0 };
	const char *tmp = getenv("TMPDIR"), *slash = strrchr(program, '/');
	struct rebuild_units mine = { 0 };
	CLEANUP(cleanup_free) char *dir = NULL;
	struct error *err = choose(program, units, &r.named, &mine);

	dir = path_join(tmp && *tmp ? tmp : "/tmp", "concur-rebuild-XXXXXX");
	if (!err && !mkdtemp(dir))
		err = error_errno("cannot create %s", dir);
	if (!err) {
		r.dir = MOVE(dir);
		r.program = path_join(r.dir, slash ? slash + 1 : program);
		chmod(r.dir, 0755); /* another user may run it, see --run-as */
	}
	for (size_t i = 0; !err && i < mine.n; i++)
		err = compile(&mine.items[i], &r);
	if (!err)
		err = link_all(program, &mine.items[0], &r);
	vec_clear(&mine);
	if (err)
		return err;
	*ret = r;
	r = (struct rebuild){ 0 };
	return NULL;
}
