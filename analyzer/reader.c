#include "analyzer/reader.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

uint32_t reader_intern(struct reader *r, CXString s)
{
	uint32_t id = tu_builder_string(&r->b, clang_getCString(s));

	clang_disposeString(s);
	return id;
}

/* -- places -- */

static bool is_system_path(const char *path)
{
	return !strncmp(path, "/usr/include/", 13) || !strncmp(path, "/usr/lib/", 9) ||
	       !strncmp(path, "/usr/local/include/", 19);
}

struct source_file *reader_file(struct reader *r, CXFile handle, CXSourceLocation loc)
{
	CLEANUP(cleanup_free) char *name = NULL;
	CLEANUP(cleanup_free) char *joined = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	struct source_file *f;

	HASH_FIND_PTR(r->files, &handle, f);
	if (f)
		return f;
	name = cursor_text(clang_getFileName(handle));
	joined = path_join(r->entry->directory, name ? name : "");
	path = path_absolute(joined);
	f = xcalloc(1, sizeof(*f));
	f->handle = handle;
	f->path = tu_builder_string(&r->b, path);
	f->system = clang_Location_isInSystemHeader(loc) || is_system_path(path);
	HASH_ADD_PTR(r->files, handle, f);
	return f;
}

static uint32_t word_at(struct reader *r, CXFile file, unsigned offset)
{
	CLEANUP(cleanup_free) char *word = NULL;
	size_t size = 0, n = offset;
	const char *text = clang_getFileContents(r->unit, file, &size);

	if (!text)
		return 0;
	while (n < size && (isalnum((unsigned char)text[n]) || text[n] == '_'))
		n++;
	if (n <= offset || n - offset > 256)
		return 0;
	word = xstrndup(text + offset, n - offset);
	return tu_builder_string(&r->b, word);
}

/* Where it is written; for what a macro's body holds, where the macro is used. */
struct place reader_place(struct reader *r, CXSourceLocation loc)
{
	CXFile file, spelled;
	unsigned line, column, offset, spelled_offset;
	struct place p = { 0 };
	struct source_file *f;

	clang_getFileLocation(loc, &file, &line, &column, &offset);
	if (!file)
		return p;
	clang_getSpellingLocation(loc, &spelled, NULL, NULL, &spelled_offset);
	f = reader_file(r, file, loc);
	p = (struct place){ .file = f->path, .line = line, .column = column, .system = f->system };
	if (!spelled || !clang_File_isEqual(spelled, file) || spelled_offset != offset)
		p.macro = word_at(r, file, offset);
	return p;
}

struct event *reader_event(struct reader *r, enum event_kind kind, CXCursor at)
{
	struct place p = reader_place(r, clang_getCursorLocation(at));
	struct event *e = tu_builder_event(&r->b, kind);

	e->file = p.file;
	e->line = p.line;
	e->column = p.column;
	e->macro = p.macro;
	return e;
}

/* -- symbols -- */

static bool is_sync_type(const char *type)
{
	static const char *const names[] = { "pthread_mutex_t",
					     "pthread_cond_t",
					     "pthread_rwlock_t",
					     "pthread_spinlock_t",
					     "pthread_once_t",
					     "pthread_key_t",
					     "pthread_barrier_t",
					     "sem_t",
					     "mtx_t",
					     "cnd_t",
					     "once_flag",
					     "tss_t",
					     NULL };
	size_t skip = strspn(type, " ");

	for (const char *const *n = names; *n; n++) {
		const char *at = strstr(type + skip, *n);

		if (at && (at == type || at[-1] == ' ') && !strchr(at, '*') &&
		    !isalnum((unsigned char)at[strlen(*n)]) && at[strlen(*n)] != '_')
			return true;
	}
	return false;
}

/* By its own name or one that it stands for: libuv's uv_cond_t is a pthread_cond_t. */
static bool is_sync(CXType type)
{
	for (int names = 0; names < 8; names++) {
		CLEANUP(cleanup_free) char *text = cursor_text(clang_getTypeSpelling(type));
		CXCursor decl;

		if (text && is_sync_type(text))
			return true;
		if (type.kind == CXType_ConstantArray)
			type = clang_getArrayElementType(type);
		decl = clang_getTypeDeclaration(type);
		if (clang_getCursorKind(decl) != CXCursor_TypedefDecl)
			return false;
		type = clang_getTypedefDeclUnderlyingType(decl);
	}
	return false;
}

static uint16_t variable_flags(CXCursor decl)
{
	CXType type = clang_getCursorType(decl);
	uint16_t flags = 0;

	if (type_is_const(type))
		flags |= SYMBOL_CONST;
	if (clang_getCursorTLSKind(decl) != CXTLS_None)
		flags |= SYMBOL_THREAD_LOCAL;
	if (type_element(type).kind == CXType_Atomic)
		flags |= SYMBOL_ATOMIC;
	if (is_sync(type))
		flags |= SYMBOL_SYNC;
	return flags;
}

/* USRs of static functions hold only the base name of the file, and of locals an offset in it. Each
 * main() is one of its own: a database may hold many programs. */
static char *key_of(struct reader *r, CXCursor decl, const struct place *p)
{
	CLEANUP(cleanup_free) char *usr = cursor_text(clang_getCursorUSR(decl));
	bool shared = clang_getCursorLinkage(decl) == CXLinkage_External ||
		      clang_getCursorKind(decl) == CXCursor_FieldDecl;

	if (shared && (!usr || strcmp(usr, "c:@F@main") != 0))
		return xstrdup(usr ? usr : "");
	return xasprintf("%s@%s", usr ? usr : "", tu_string(&r->b.tu, p->file));
}

static enum symbol_kind symbol_kind_of(CXCursor decl)
{
	switch (clang_getCursorKind(decl)) {
	case CXCursor_FunctionDecl:
		return SYMBOL_FUNCTION;
	case CXCursor_FieldDecl:
		return SYMBOL_FIELD;
	case CXCursor_ParmDecl:
		return SYMBOL_PARAM;
	default:
		return clang_Cursor_hasVarDeclGlobalStorage(decl) == 1 ? SYMBOL_VARIABLE
								       : SYMBOL_LOCAL;
	}
}

/* "struct (unnamed struct at /x/a.c:3:1)": the place is known, and differs on every machine. */
static void forget_place(char *type)
{
	char *at = type ? strstr(type, " at /") : NULL;
	const char *end = at ? strrchr(at, ')') : NULL;

	if (end)
		memmove(at, end, strlen(end) + 1);
}

static void fill_symbol(struct reader *r, uint32_t id, CXCursor decl, const struct place *p)
{
	CLEANUP(cleanup_free)
	char *type = cursor_text(clang_getTypeSpelling(clang_getCursorType(decl)));
	enum symbol_kind kind = symbol_kind_of(decl);
	uint32_t name = reader_intern(r, clang_getCursorSpelling(decl));
	struct symbol *s;
	uint32_t type_id;

	forget_place(type);
	type_id = tu_builder_string(&r->b, type);
	s = &r->b.tu.symbols.items[id];
	s->kind = (uint8_t)kind;
	s->name = name;
	s->type = type_id;
	s->file = p->file;
	s->line = p->line;
	s->column = p->column;
	s->function = kind == SYMBOL_FUNCTION ? TU_NONE : r->function;
	if (p->system)
		s->flags |= SYMBOL_SYSTEM;
	if (clang_getCursorLinkage(decl) == CXLinkage_Internal)
		s->flags |= SYMBOL_INTERNAL;
	if (kind == SYMBOL_VARIABLE)
		s->flags |= variable_flags(decl);
	if (kind == SYMBOL_FUNCTION && type && strstr(type, "noreturn"))
		s->flags |= SYMBOL_NORETURN;
}

uint32_t reader_symbol(struct reader *r, CXCursor decl)
{
	CXCursor first = clang_getCanonicalCursor(decl);
	struct place p = reader_place(r, clang_getCursorLocation(first));
	CLEANUP(cleanup_free) char *key = key_of(r, first, &p);
	bool fresh;
	uint32_t id = tu_builder_symbol(&r->b, key, &fresh);

	if (fresh)
		fill_symbol(r, id, decl, &p);
	return id;
}

/* The declaration of a variable: its place is the definition's, or the best there is. */
void reader_declare(struct reader *r, CXCursor decl)
{
	uint32_t id = reader_symbol(r, decl);
	struct place p = reader_place(r, clang_getCursorLocation(decl));
	struct symbol *s = &r->b.tu.symbols.items[id];
	bool is_extern = clang_Cursor_getStorageClass(decl) == CX_SC_Extern;
	bool defined = clang_isCursorDefinition(decl);

	if (r->function != TU_NONE && !is_extern)
		s->flags |= SYMBOL_STATIC_LOCAL | SYMBOL_DEFINED;
	else if (defined)
		s->flags |= SYMBOL_DEFINED;
	else if (!is_extern)
		s->flags |= SYMBOL_TENTATIVE;
	else
		s->flags |= SYMBOL_EXTERN;
	if (!is_extern || !(s->flags & (SYMBOL_DEFINED | SYMBOL_TENTATIVE))) {
		s->file = p.file;
		s->line = p.line;
		s->column = p.column;
	}
	if ((s->flags & SYMBOL_INTERNAL || s->flags & SYMBOL_STATIC_LOCAL) &&
	    p.file != r->b.tu.file)
		s->flags |= SYMBOL_INLINE;
}

/* The function, variable, field or parameter an expression names, or TU_NONE. */
uint32_t reader_named(struct reader *r, CXCursor expr)
{
	CXCursor c = cursor_strip(expr, true), decl;
	enum CXCursorKind kind = clang_getCursorKind(c);

	if (kind == CXCursor_ArraySubscriptExpr) {
		CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);

		return kids.n ? reader_named(r, kids.items[0]) : TU_NONE;
	}
	if (kind != CXCursor_DeclRefExpr && kind != CXCursor_MemberRefExpr)
		return TU_NONE;
	decl = clang_getCursorReferenced(c);
	switch (clang_getCursorKind(decl)) {
	case CXCursor_FunctionDecl:
	case CXCursor_VarDecl:
	case CXCursor_ParmDecl:
	case CXCursor_FieldDecl:
		return reader_symbol(r, decl);
	default:
		return TU_NONE;
	}
}

bool reader_is_function(struct reader *r, uint32_t id)
{
	return id != TU_NONE && r->b.tu.symbols.items[id].kind == SYMBOL_FUNCTION;
}

/* "cache->lock", from the tree, so that macros do not matter. False: not a simple lvalue. */
bool reader_spell(CXCursor expr, struct strbuf *out)
{
	CXCursor c = cursor_strip(expr, true);
	CLEANUP(cleanup_free) char *name = NULL;
	CLEANUP(cursors_clear) struct cursors kids = { 0 };

	switch (clang_getCursorKind(c)) {
	case CXCursor_DeclRefExpr:
		break;
	case CXCursor_MemberRefExpr:
		kids = cursor_children(c);
		if (!kids.n || !reader_spell(kids.items[0], out))
			return false;
		strbuf_add(out, type_is_pointer(clang_getCursorType(kids.items[0])) ? "->" : ".");
		break;
	case CXCursor_ArraySubscriptExpr:
		kids = cursor_children(c);
		if (!kids.n || !reader_spell(kids.items[0], out))
			return false;
		strbuf_add(out, "[]");
		return true;
	default:
		return false;
	}
	name = cursor_text(clang_getCursorSpelling(c));
	strbuf_add(out, name ? name : "");
	return true;
}
