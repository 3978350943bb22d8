#include "analyzer/clang.h"

#include <glob.h>
#include <string.h>

#include "analyzer/clang_options.h"
#include "analyzer/reader.h"
#include "base/cleanup.h"
#include "base/file.h"

size_t clang_stack_bytes(void)
{
	return (size_t)512 << 20; /* reserved, not used: an else-if chain of 100,000 fits */
}

static void walk_function(struct reader *r, CXCursor c)
{
	CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);
	CXCursor body = kids.n ? kids.items[kids.n - 1] : clang_getNullCursor();
	struct place p = reader_place(r, clang_getCursorLocation(c));
	uint32_t id = reader_symbol(r, c);
	uint16_t position = 0;
	struct symbol *s;

	if (clang_Cursor_isNull(body) || clang_getCursorKind(body) != CXCursor_CompoundStmt)
		return;
	s = &r->b.tu.symbols.items[id];
	s->flags |= SYMBOL_DEFINED;
	s->flags &= (uint16_t)~SYMBOL_SYSTEM;
	s->file = p.file;
	s->line = p.line;
	s->column = p.column;
	r->function = id;
	vec_each (&kids, kid)
		if (clang_getCursorKind(*kid) == CXCursor_ParmDecl) {
			uint32_t param = reader_symbol(r, *kid);

			r->b.tu.symbols.items[param].function = id;
			r->b.tu.symbols.items[param].position = (uint8_t)position++;
		}
	reader_event(r, EVENT_FUNCTION, c)->symbol = id;
	reader_statement(r, body);
	reader_event(r, EVENT_FUNCTION_END, c)->symbol = id;
	r->function = TU_NONE;
}

static void walk_unit(struct reader *r)
{
	CLEANUP(cursors_clear)
	struct cursors top = cursor_children(clang_getTranslationUnitCursor(r->unit));

	vec_each (&top, c) {
		enum CXCursorKind kind = clang_getCursorKind(*c);

		if (kind != CXCursor_FunctionDecl && kind != CXCursor_VarDecl)
			continue;
		if (clang_Location_isInSystemHeader(clang_getCursorLocation(*c)) ||
		    reader_place(r, clang_getCursorLocation(*c)).system)
			continue;
		if (kind == CXCursor_VarDecl)
			reader_declaration(r, *c);
		else if (clang_isCursorDefinition(*c))
			walk_function(r, *c);
	}
}

/* A system header written for gcc may hold an attribute clang does not take: the declarations are
 * read all the same. */
static bool is_in_system_header(struct reader *r, CXDiagnostic diagnostic)
{
	CXSourceLocation loc = clang_getDiagnosticLocation(diagnostic);
	CXFile file;

	clang_getFileLocation(loc, &file, NULL, NULL, NULL);
	return file && reader_file(r, file, loc)->system;
}

static char *describe(struct reader *r, CXDiagnostic diagnostic, const char *text)
{
	CXFile file;
	unsigned line;
	struct source_file *f;

	clang_getFileLocation(clang_getDiagnosticLocation(diagnostic), &file, &line, NULL, NULL);
	if (!file)
		return xstrdup(text);
	f = reader_file(r, file, clang_getDiagnosticLocation(diagnostic));
	return xasprintf("%s:%u: %s", tu_string(&r->b.tu, f->path), line, text);
}

/* Everything that is an error means that something was not read. NULL: not of those. Owned by the
 * caller. */
static char *complaint(struct reader *r, CXDiagnostic d, bool *ret_fatal)
{
	enum CXDiagnosticSeverity severity = clang_getDiagnosticSeverity(d);
	CLEANUP(cleanup_free) char *text = cursor_text(clang_getDiagnosticSpelling(d));
	CLEANUP(cleanup_free) char *option = clang_options_named(text);
	CLEANUP(cleanup_free) char *place = NULL;

	*ret_fatal = severity == CXDiagnostic_Fatal;
	if (severity < CXDiagnostic_Error)
		return NULL;
	if (option && !*ret_fatal)
		return clang_options_tell(option) ? clang_options_without(option) : NULL;
	if (!*ret_fatal && is_in_system_header(r, d))
		return NULL;
	place = describe(r, d, text);
	return xasprintf("%s: %s", *ret_fatal ? "read up to here" : "read in part", place);
}

static void check_diagnostics(struct reader *r)
{
	unsigned n = clang_getNumDiagnostics(r->unit);
	bool fatal = false;

	for (unsigned i = 0; i < n && !fatal; i++) {
		CXDiagnostic d = clang_getDiagnostic(r->unit, i);
		CLEANUP(cleanup_free) char *why = complaint(r, d, &fatal);

		if (why && (fatal || !r->b.tu.problem))
			r->b.tu.problem = tu_builder_string(&r->b, why);
		clang_disposeDiagnostic(d);
	}
}

static void add_include(CXFile file, CXSourceLocation *stack, unsigned depth, CXClientData data)
{
	struct reader *r = data;
	CXSourceLocation none = clang_getNullLocation();

	vec_push(&r->b.tu.includes, reader_file(r, file, depth ? stack[0] : none)->path);
}

/* The last place to look for omp.h, which clang does not bring along: gcc's own headers. */
static void add_openmp(const struct compdb_entry *entry, struct strings *argv)
{
	glob_t found = { 0 };

	vec_each (&entry->argv, arg) {
		if (strcmp(*arg, "-fopenmp") != 0 && strcmp(*arg, "-fopenmp-simd") != 0)
			continue;
		if (!glob("/usr/lib/gcc/*/*/include/omp.h", 0, NULL, &found)) {
			const char *path = found.gl_pathv[found.gl_pathc - 1];
			CLEANUP(cleanup_free)
			char *dir = xstrndup(path, strlen(path) - strlen("/omp.h"));

			strings_add(argv, "-idirafter");
			strings_add(argv, dir);
		}
		globfree(&found);
		return;
	}
}

static enum CXErrorCode parse_with(struct reader *r, CXIndex index, const struct strings *options)
{
	const struct compdb_entry *entry = r->entry;
	CLEANUP(strings_clear) struct strings argv = { 0 };
	struct CXUnsavedFile unsaved = { .Filename = entry->file, .Contents = entry->source };

	vec_each (options, arg)
		strings_add(&argv, *arg);
	add_openmp(entry, &argv);
	strings_add(&argv, "-w");
	strings_add(&argv, "-ferror-limit=0");
	if (entry->source)
		unsaved.Length = strlen(entry->source);
	return clang_parseTranslationUnit2FullArgv(
		index, entry->file, (const char *const *)argv.items, (int)argv.n, &unsaved,
		entry->source ? 1 : 0, CXTranslationUnit_KeepGoing, &r->unit);
}

/* Some options make libclang give up before it reads a line: then without those. Those of gcc alone
 * are the usual ones, and to try each takes longer. */
static enum CXErrorCode parse(struct reader *r, CXIndex index)
{
	const struct strings *argv = &r->entry->argv;
	enum CXErrorCode code = parse_with(r, index, argv);
	CLEANUP(strings_clear) struct strings plain = { 0 };
	CLEANUP(strings_clear) struct strings kept = { 0 };
	CLEANUP(cleanup_free) char *refused = NULL;

	if (code == CXError_Success || (!r->entry->source && access(r->entry->file, R_OK) != 0))
		return code;
	if (clang_options_plain(argv, &plain))
		code = parse_with(r, index, &plain);
	if (code == CXError_Success || !clang_options_refused(index, argv, &kept, &refused))
		return code;
	code = parse_with(r, index, &kept);
	if (code == CXError_Success && refused) {
		CLEANUP(cleanup_free) char *why = clang_options_without(refused);

		r->b.tu.problem = tu_builder_string(&r->b, why);
	}
	return code;
}

static const char *parse_failure(enum CXErrorCode code, const struct compdb_entry *entry)
{
	if (access(entry->directory, X_OK) != 0)
		return "the directory it was built in is gone: build again";
	if (!entry->source && access(entry->file, R_OK) != 0)
		return "no such file: is it made by the build? Build first";
	switch (code) {
	case CXError_Crashed:
		return "libclang crashed";
	case CXError_InvalidArguments:
		return "libclang refused the arguments";
	default:
		return "libclang cannot parse it with these options";
	}
}

void clang_read(const struct compdb_entry *entry, struct tu *ret)
{
	struct reader r = { .entry = entry, .function = TU_NONE };
	CXIndex index = clang_createIndex(0, 0);
	struct source_file *f, *next;
	enum CXErrorCode code = CXError_Failure;

	tu_builder_init(&r.b);
	r.b.tu.file = tu_builder_string(&r.b, entry->file);
	/* Relative options mean what they meant to the compiler. */
	// concur: ignore[mt-unsafe-call] the directory is this worker's own
	if (chdir(entry->directory) == 0)
		code = parse(&r, index);
	if (code == CXError_Success && r.unit) {
		check_diagnostics(&r);
		walk_unit(&r);
		clang_getInclusions(r.unit, add_include, &r);
	} else {
		r.b.tu.problem = tu_builder_string(&r.b, parse_failure(code, entry));
	}
	HASH_ITER (hh, r.files, f, next) {
		HASH_DEL(r.files, f);
		free(f);
	}
	if (r.unit)
		clang_disposeTranslationUnit(r.unit);
	clang_disposeIndex(index);
	*ret = tu_builder_finish(&r.b);
}

struct error *clang_load(void)
{
	return libclang_load();
}

char *clang_identity(void)
{
	return libclang_identity();
}

char *clang_version(void)
{
	CLEANUP(error_clear) struct error *err = libclang_load();
	CLEANUP(cleanup_free) char *text = err ? NULL : cursor_text(clang_getClangVersion());
	const char *at = text ? strstr(text, "version ") : NULL;

	if (!at)
		return xstrdup("libclang");
	at += strlen("version ");
	return xasprintf("libclang %.*s", (int)strspn(at, "0123456789."), at);
}
