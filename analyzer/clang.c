#include "analyzer/clang.h"

#include <clang-c/Index.h>
#include <ctype.h>
#include <string.h>
#include <uthash.h>

#include "analyzer/tu_builder.h"
#include "base/cleanup.h"
#include "base/file.h"

/* What happens to the value of the expression being walked. */
enum mode {
	MODE_READ,    /* used; an array that decays hands out its address */
	MODE_PEEK,    /* used, but an address does not get away: compared, tested */
	MODE_CONST,   /* an address gets away, for reading only */
	MODE_WRITE,   /* assigned to */
	MODE_THROUGH, /* a pointer whose target is assigned to */
	MODE_ADDRESS, /* & is applied */
};

struct source_file {
	CXFile handle;
	uint32_t path;
	bool system;
	UT_hash_handle hh;
};

struct reader {
	struct tu_builder b;
	CXTranslationUnit unit;
	const struct compdb_entry *entry;
	struct source_file *files;
	uint32_t function; /* whose body is being walked */
};

struct place {
	uint32_t file, line, column, macro;
	bool system;
};

struct cursors {
	VEC_FIELDS(CXCursor);
};

static void walk(struct reader *r, CXCursor c, enum mode mode);
static void walk_statement(struct reader *r, CXCursor c);

size_t clang_stack_bytes(void)
{
	return (size_t)512 << 20; /* reserved, not used: an else-if chain of 100,000 fits */
}

/* -- small helpers over libclang -- */

static char *take_string(CXString s)
{
	char *copy = xstrdup(clang_getCString(s));

	clang_disposeString(s);
	return copy;
}

static uint32_t intern(struct reader *r, CXString s)
{
	uint32_t id = tu_builder_string(&r->b, clang_getCString(s));

	clang_disposeString(s);
	return id;
}

static enum CXChildVisitResult add_child(CXCursor c, CXCursor parent, CXClientData data)
{
	struct cursors *list = data;

	(void)parent;
	vec_push(list, c);
	return CXChildVisit_Continue;
}

static struct cursors children_of(CXCursor c)
{
	struct cursors list = { 0 };

	clang_visitChildren(c, add_child, &list);
	return list;
}

static void cursors_clear(struct cursors *list)
{
	vec_clear(list);
}

static bool is_array(CXType type)
{
	enum CXTypeKind kind = clang_getCanonicalType(type).kind;

	return kind == CXType_ConstantArray || kind == CXType_IncompleteArray ||
	       kind == CXType_VariableArray;
}

static bool is_pointer(CXType type)
{
	return clang_getCanonicalType(type).kind == CXType_Pointer;
}

static bool is_function_pointer(CXType type)
{
	CXType to = clang_getPointeeType(clang_getCanonicalType(type));

	return to.kind == CXType_FunctionProto || to.kind == CXType_FunctionNoProto;
}

static CXType element_type(CXType type)
{
	type = clang_getCanonicalType(type);
	while (is_array(type))
		type = clang_getCanonicalType(clang_getArrayElementType(type));
	return type;
}

/* const may sit on an array, or on what the array holds. */
static bool is_const(CXType type)
{
	for (type = clang_getCanonicalType(type); is_array(type);
	     type = clang_getCanonicalType(clang_getArrayElementType(type)))
		if (clang_isConstQualifiedType(type))
			return true;
	return clang_isConstQualifiedType(type);
}

/* The last child: a cast's operand follows the type it names. */
static CXCursor operand(CXCursor c)
{
	CLEANUP(cursors_clear) struct cursors kids = children_of(c);

	return kids.n ? kids.items[kids.n - 1] : clang_getNullCursor();
}

/* Without parentheses, implicit casts and (if asked) explicit casts, & and *. */
static CXCursor strip(CXCursor c, bool all)
{
	for (;;) {
		enum CXCursorKind kind = clang_getCursorKind(c);
		CLEANUP(cursors_clear) struct cursors kids = { 0 };

		if (kind != CXCursor_UnexposedExpr && kind != CXCursor_ParenExpr &&
		    !(all && (kind == CXCursor_CStyleCastExpr || kind == CXCursor_UnaryOperator)))
			return c;
		if (kind == CXCursor_UnaryOperator) {
			enum CXUnaryOperatorKind op = clang_getCursorUnaryOperatorKind(c);

			if (op != CXUnaryOperator_AddrOf && op != CXUnaryOperator_Deref)
				return c;
		}
		kids = children_of(c);
		if (!kids.n || (kids.n > 1 && kind != CXCursor_CStyleCastExpr))
			return c;
		c = kids.items[kids.n - 1];
	}
}

static bool constant_value(CXCursor c, int64_t *ret)
{
	CXEvalResult result;
	bool ok;

	c = strip(c, false);
	while (clang_getCursorKind(c) == CXCursor_CStyleCastExpr)
		c = strip(operand(c), false); /* (void *)0 */
	if (!clang_isExpression(clang_getCursorKind(c)))
		return false;
	result = clang_Cursor_Evaluate(c);
	ok = result && clang_EvalResult_getKind(result) == CXEval_Int;
	if (ok)
		*ret = clang_EvalResult_getAsLongLong(result);
	if (result)
		clang_EvalResult_dispose(result);
	return ok;
}

/* -- places -- */

static bool is_system_path(const char *path)
{
	return !strncmp(path, "/usr/include/", 13) || !strncmp(path, "/usr/lib/", 9) ||
	       !strncmp(path, "/usr/local/include/", 19);
}

static struct source_file *source_file(struct reader *r, CXFile handle, CXSourceLocation loc)
{
	CLEANUP(cleanup_free) char *name = NULL;
	CLEANUP(cleanup_free) char *joined = NULL;
	CLEANUP(cleanup_free) char *path = NULL;
	struct source_file *f;

	HASH_FIND_PTR(r->files, &handle, f);
	if (f)
		return f;
	name = take_string(clang_getFileName(handle));
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
static struct place place_of(struct reader *r, CXSourceLocation loc)
{
	CXFile file, spelled;
	unsigned line, column, offset, spelled_offset;
	struct place p = { 0 };
	struct source_file *f;

	clang_getFileLocation(loc, &file, &line, &column, &offset);
	if (!file)
		return p;
	clang_getSpellingLocation(loc, &spelled, NULL, NULL, &spelled_offset);
	f = source_file(r, file, loc);
	p = (struct place){ .file = f->path, .line = line, .column = column, .system = f->system };
	if (!spelled || !clang_File_isEqual(spelled, file) || spelled_offset != offset)
		p.macro = word_at(r, file, offset);
	return p;
}

static struct event *add_event(struct reader *r, enum event_kind kind, CXCursor at)
{
	struct place p = place_of(r, clang_getCursorLocation(at));
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

static uint16_t variable_flags(CXCursor decl, const char *type_text)
{
	CXType type = clang_getCursorType(decl);
	uint16_t flags = 0;

	if (is_const(type))
		flags |= SYMBOL_CONST;
	if (clang_getCursorTLSKind(decl) != CXTLS_None)
		flags |= SYMBOL_THREAD_LOCAL;
	if (element_type(type).kind == CXType_Atomic)
		flags |= SYMBOL_ATOMIC;
	if (is_sync_type(type_text))
		flags |= SYMBOL_SYNC;
	return flags;
}

/* USRs of static functions hold only the base name of the file, and of locals an offset in it. */
static char *key_of(struct reader *r, CXCursor decl, const struct place *p)
{
	CLEANUP(cleanup_free) char *usr = take_string(clang_getCursorUSR(decl));

	if (clang_getCursorLinkage(decl) == CXLinkage_External ||
	    clang_getCursorKind(decl) == CXCursor_FieldDecl)
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

static void fill_symbol(struct reader *r, uint32_t id, CXCursor decl, const struct place *p)
{
	CLEANUP(cleanup_free)
	char *type = take_string(clang_getTypeSpelling(clang_getCursorType(decl)));
	enum symbol_kind kind = symbol_kind_of(decl);
	uint32_t name = intern(r, clang_getCursorSpelling(decl));
	uint32_t type_id = tu_builder_string(&r->b, type);
	struct symbol *s = &r->b.tu.symbols.items[id];

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
		s->flags |= variable_flags(decl, type ? type : "");
	if (kind == SYMBOL_FUNCTION && type && strstr(type, "noreturn"))
		s->flags |= SYMBOL_NORETURN;
}

static uint32_t symbol_of(struct reader *r, CXCursor decl)
{
	CXCursor first = clang_getCanonicalCursor(decl);
	struct place p = place_of(r, clang_getCursorLocation(first));
	CLEANUP(cleanup_free) char *key = key_of(r, first, &p);
	bool fresh;
	uint32_t id = tu_builder_symbol(&r->b, key, &fresh);

	if (fresh)
		fill_symbol(r, id, decl, &p);
	return id;
}

/* The declaration of a variable: its place is the definition's, or the best there is. */
static void declare_variable(struct reader *r, CXCursor decl)
{
	uint32_t id = symbol_of(r, decl);
	struct place p = place_of(r, clang_getCursorLocation(decl));
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
static uint32_t named_symbol(struct reader *r, CXCursor expr)
{
	CXCursor c = strip(expr, true), decl;
	enum CXCursorKind kind = clang_getCursorKind(c);

	if (kind == CXCursor_ArraySubscriptExpr) {
		CLEANUP(cursors_clear) struct cursors kids = children_of(c);

		return kids.n ? named_symbol(r, kids.items[0]) : TU_NONE;
	}
	if (kind != CXCursor_DeclRefExpr && kind != CXCursor_MemberRefExpr)
		return TU_NONE;
	decl = clang_getCursorReferenced(c);
	switch (clang_getCursorKind(decl)) {
	case CXCursor_FunctionDecl:
	case CXCursor_VarDecl:
	case CXCursor_ParmDecl:
	case CXCursor_FieldDecl:
		return symbol_of(r, decl);
	default:
		return TU_NONE;
	}
}

static bool is_function_symbol(struct reader *r, uint32_t id)
{
	return id != TU_NONE && r->b.tu.symbols.items[id].kind == SYMBOL_FUNCTION;
}

/* "cache->lock", from the tree, so that macros do not matter. False: not a simple lvalue. */
static bool spell_lvalue(CXCursor expr, struct strbuf *out)
{
	CXCursor c = strip(expr, true);
	CLEANUP(cleanup_free) char *name = NULL;
	CLEANUP(cursors_clear) struct cursors kids = { 0 };

	switch (clang_getCursorKind(c)) {
	case CXCursor_DeclRefExpr:
		break;
	case CXCursor_MemberRefExpr:
		kids = children_of(c);
		if (!kids.n || !spell_lvalue(kids.items[0], out))
			return false;
		strbuf_add(out, is_pointer(clang_getCursorType(kids.items[0])) ? "->" : ".");
		break;
	case CXCursor_ArraySubscriptExpr:
		kids = children_of(c);
		if (!kids.n || !spell_lvalue(kids.items[0], out))
			return false;
		strbuf_add(out, "[]");
		return true;
	default:
		return false;
	}
	name = take_string(clang_getCursorSpelling(c));
	strbuf_add(out, name ? name : "");
	return true;
}

/* -- expressions -- */

static void access_variable(struct reader *r, CXCursor ref, CXCursor decl, enum mode mode)
{
	static const enum event_kind kinds[] = {
		[MODE_READ] = EVENT_READ,
		[MODE_PEEK] = EVENT_READ,
		[MODE_CONST] = EVENT_READ,
		[MODE_WRITE] = EVENT_WRITE,
		[MODE_THROUGH] = EVENT_WRITE_THROUGH,
		[MODE_ADDRESS] = EVENT_ADDRESS,
	};
	uint32_t symbol;

	if (clang_Cursor_hasVarDeclGlobalStorage(decl) != 1)
		return;
	symbol = symbol_of(r, decl);
	add_event(r, kinds[mode], ref)->symbol = symbol;
}

static void walk_reference(struct reader *r, CXCursor c, enum mode mode)
{
	CXCursor decl = clang_getCursorReferenced(c);

	if (clang_getCursorKind(decl) == CXCursor_VarDecl)
		access_variable(r, c, decl, mode);
}

/* base of base->x, base[i], *base: a real array is part of the variable, a pointer leads away. */
static void walk_base(struct reader *r, CXCursor base, enum mode mode)
{
	CXCursor inner = strip(base, false);

	if (is_array(clang_getCursorType(inner)))
		walk(r, inner, mode);
	else if (mode == MODE_WRITE || mode == MODE_THROUGH)
		walk(r, base, MODE_THROUGH);
	else
		walk(r, base, MODE_PEEK);
}

static void walk_member(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = children_of(c);

	if (!kids.n)
		return;
	if (is_pointer(clang_getCursorType(kids.items[0])))
		walk_base(r, kids.items[0], mode);
	else
		walk(r, kids.items[0], mode);
}

static void walk_subscript(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = children_of(c);

	if (kids.n != 2)
		return;
	walk_base(r, kids.items[0], mode);
	walk(r, kids.items[1], MODE_PEEK);
}

/* Implicit and explicit casts: to a pointer to const, an address goes out for reading only. */
static void walk_cast(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = children_of(c);
	CXType type = clang_getCursorType(c);
	CXCursor inner;

	if (!kids.n)
		return;
	inner = kids.items[kids.n - 1];
	if (kids.n > 1 && clang_getCursorKind(c) != CXCursor_CStyleCastExpr) {
		vec_each (&kids, kid) /* __atomic_..., a ?: b */
			walk(r, *kid, MODE_READ);
		return;
	}
	if (mode == MODE_READ && is_pointer(type) &&
	    clang_isConstQualifiedType(clang_getPointeeType(clang_getCanonicalType(type))))
		mode = MODE_CONST;
	if (mode == MODE_READ && is_pointer(type) && is_array(clang_getCursorType(inner)))
		mode = MODE_ADDRESS;
	walk(r, inner, mode);
}

static void walk_unary(struct reader *r, CXCursor c, enum mode mode)
{
	CXCursor inner = operand(c);

	switch (clang_getCursorUnaryOperatorKind(c)) {
	case CXUnaryOperator_PostInc:
	case CXUnaryOperator_PostDec:
	case CXUnaryOperator_PreInc:
	case CXUnaryOperator_PreDec:
		if (mode == MODE_THROUGH)
			walk(r, inner, MODE_THROUGH); /* *p++ = x does both */
		walk(r, inner, MODE_WRITE);
		break;
	case CXUnaryOperator_AddrOf:
		walk(r, inner,
		     mode == MODE_READ || mode == MODE_ADDRESS ? MODE_ADDRESS
		     : mode == MODE_THROUGH                    ? MODE_WRITE
							       : MODE_PEEK);
		break;
	case CXUnaryOperator_Deref:
		walk_base(r, inner, mode);
		break;
	case CXUnaryOperator_Extension:
		walk(r, inner, mode);
		break;
	default:
		walk(r, inner, MODE_PEEK);
	}
}

/* A pointer that is given a function, or another pointer to one. */
static void note_target(struct reader *r, uint32_t to, CXCursor value)
{
	CXCursor inner = strip(value, true);
	uint32_t from;
	struct event *e;

	if (clang_getCursorKind(inner) == CXCursor_ConditionalOperator) {
		CLEANUP(cursors_clear) struct cursors kids = children_of(inner);

		for (size_t i = 1; i < kids.n; i++)
			note_target(r, to, kids.items[i]);
		return;
	}
	from = named_symbol(r, value);
	if (to == TU_NONE || from == TU_NONE || from == to)
		return;
	if (!is_function_symbol(r, from) && !is_function_pointer(clang_getCursorType(inner)))
		return;
	e = add_event(r, EVENT_TARGET, value);
	e->symbol = to;
	e->value = from;
}

static void note_result(struct reader *r, uint32_t to, CXCursor value)
{
	CXCursor call = strip(value, false), callee;
	uint32_t from;
	struct event *e;

	while (clang_getCursorKind(call) == CXCursor_CStyleCastExpr)
		call = strip(operand(call), false);
	if (to == TU_NONE || clang_getCursorKind(call) != CXCursor_CallExpr)
		return;
	callee = clang_getCursorReferenced(call);
	if (clang_getCursorKind(callee) != CXCursor_FunctionDecl)
		return;
	from = symbol_of(r, callee);
	e = add_event(r, EVENT_RESULT, call);
	e->symbol = to;
	e->value = from;
}

static void walk_assignment(struct reader *r, CXCursor left, CXCursor right)
{
	walk(r, left, MODE_WRITE);
	walk(r, right, MODE_READ);
	if (is_pointer(clang_getCursorType(left)))
		note_target(r, named_symbol(r, left), right);
	note_result(r, named_symbol(r, left), right);
}

static void walk_binary(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = children_of(c);
	enum CXBinaryOperatorKind op = clang_getCursorBinaryOperatorKind(c);
	bool sum = op == CXBinaryOperator_Add || op == CXBinaryOperator_Sub;

	if (kids.n != 2)
		return;
	if (op == CXBinaryOperator_Assign) {
		walk_assignment(r, kids.items[0], kids.items[1]);
	} else if (op == CXBinaryOperator_Comma) {
		walk(r, kids.items[0], MODE_PEEK);
		walk(r, kids.items[1], mode);
	} else {
		for (size_t i = 0; i < 2; i++) /* arr + 1 hands out an address, as arr does */
			walk(r, kids.items[i],
			     sum && is_pointer(clang_getCursorType(kids.items[i])) &&
					     is_pointer(clang_getCursorType(c))
				     ? mode
				     : MODE_PEEK);
	}
}

static void note_argument(struct reader *r, CXCursor arg, uint16_t which, bool outside)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CXCursor inner = strip(arg, true);
	CXCursor bare = strip(arg, false);
	uint32_t symbol = named_symbol(r, arg);
	bool function = is_function_symbol(r, symbol);
	bool pointer = symbol != TU_NONE && is_function_pointer(clang_getCursorType(inner));
	struct event e = { .symbol = TU_NONE, .which = which };
	struct event *added;

	if (!outside && !function && !pointer && symbol == TU_NONE)
		return;
	if (symbol != TU_NONE) {
		e.symbol = symbol;
		e.flags |= ARGUMENT_SYMBOL;
	}
	if (outside && constant_value(arg, &e.value))
		e.flags |= ARGUMENT_VALUE;
	if (clang_getCursorKind(inner) == CXCursor_StringLiteral) {
		e.text = intern(r, clang_getCursorSpelling(inner));
		e.flags |= ARGUMENT_STRING;
	} else if (!function && spell_lvalue(arg, &text)) {
		e.text = tu_builder_string(&r->b, strbuf_str(&text));
		e.flags |= ARGUMENT_LVALUE;
	}
	if (clang_getCursorKind(bare) == CXCursor_UnaryOperator &&
	    clang_getCursorUnaryOperatorKind(bare) == CXUnaryOperator_AddrOf)
		e.flags |= ARGUMENT_ADDRESS;
	if (!e.flags)
		return;
	added = add_event(r, EVENT_ARGUMENT, arg);
	added->symbol = e.symbol;
	added->which = e.which;
	added->flags = e.flags;
	added->value = e.value;
	added->text = e.text;
}

/* The compiler's own helpers around expressions are not calls anyone means. */
static bool is_transparent(const char *name)
{
	return !strcmp(name, "__builtin_expect") || !strcmp(name, "__builtin_constant_p") ||
	       !strcmp(name, "__builtin_object_size") || !strcmp(name, "__errno_location");
}

static void walk_call(struct reader *r, CXCursor c)
{
	CLEANUP(cursors_clear) struct cursors kids = children_of(c);
	int n = clang_Cursor_getNumArguments(c);
	uint32_t callee = TU_NONE;
	bool outside = true;
	struct event *e;

	if (kids.n) {
		callee = named_symbol(r, kids.items[0]);
		if (!is_function_symbol(r, callee))
			walk(r, kids.items[0], MODE_PEEK);
	}
	for (int i = 0; i < n; i++)
		walk(r, clang_Cursor_getArgument(c, (unsigned)i), MODE_READ);
	if (callee != TU_NONE) {
		const struct symbol *s = &r->b.tu.symbols.items[callee];

		if (is_transparent(tu_string(&r->b.tu, s->name)))
			return;
		outside = s->kind == SYMBOL_FUNCTION && s->file != r->b.tu.file;
	}
	e = add_event(r, EVENT_CALL, c);
	e->symbol = callee;
	for (int i = 0; i < n && i < 16; i++)
		note_argument(r, clang_Cursor_getArgument(c, (unsigned)i), (uint16_t)i, outside);
}

static void walk_initializer(struct reader *r, CXCursor init, uint32_t to, CXType type);

static enum CXVisitorResult add_field(CXCursor field, CXClientData data)
{
	struct cursors *list = data;

	vec_push(list, field);
	return CXVisit_Continue;
}

/* One item of { ... }: `.name = value`, `[i] = value` or a plain value for the next field. */
static void walk_item(struct reader *r, CXCursor item, uint32_t to, CXType type,
		      const struct cursors *fields, size_t *next)
{
	CLEANUP(cursors_clear) struct cursors kids = { 0 };
	CXCursor field = clang_getNullCursor();

	if (clang_getCursorKind(item) == CXCursor_UnexposedExpr)
		kids = children_of(item);
	if (kids.n > 1) {
		for (size_t i = 0; i + 1 < kids.n; i++)
			if (clang_getCursorKind(kids.items[i]) == CXCursor_MemberRef)
				field = clang_getCursorReferenced(kids.items[i]);
		item = kids.items[kids.n - 1];
		for (size_t i = 0; i < fields->n; i++)
			if (clang_equalCursors(fields->items[i], field))
				*next = i;
	}
	if (clang_Cursor_isNull(field) && *next < fields->n)
		field = fields->items[*next];
	(*next)++;
	if (clang_Cursor_isNull(field))
		walk_initializer(r, item, to, element_type(type));
	else
		walk_initializer(r, item, symbol_of(r, field), clang_getCursorType(field));
}

static void walk_initializer(struct reader *r, CXCursor init, uint32_t to, CXType type)
{
	CXCursor inner = strip(init, false);
	CLEANUP(cursors_clear) struct cursors kids = { 0 };
	CLEANUP(cursors_clear) struct cursors fields = { 0 };
	size_t next = 0;

	if (clang_getCursorKind(inner) != CXCursor_InitListExpr) {
		walk(r, init, MODE_READ);
		if (is_pointer(type))
			note_target(r, to, init);
		note_result(r, to, init);
		return;
	}
	type = clang_getCanonicalType(type);
	if (type.kind == CXType_Record)
		clang_Type_visitFields(type, add_field, &fields);
	kids = children_of(inner);
	vec_each (&kids, kid)
		walk_item(r, *kid, to, type, &fields, &next);
}

static void walk(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = { 0 };

	switch (clang_getCursorKind(c)) {
	case CXCursor_DeclRefExpr:
		walk_reference(r, c, mode);
		return;
	case CXCursor_MemberRefExpr:
		walk_member(r, c, mode);
		return;
	case CXCursor_ArraySubscriptExpr:
		walk_subscript(r, c, mode);
		return;
	case CXCursor_ParenExpr:
		walk(r, operand(c), mode);
		return;
	case CXCursor_UnexposedExpr:
	case CXCursor_CStyleCastExpr:
		walk_cast(r, c, mode);
		return;
	case CXCursor_UnaryOperator:
		walk_unary(r, c, mode);
		return;
	case CXCursor_BinaryOperator:
		walk_binary(r, c, mode);
		return;
	case CXCursor_CompoundAssignOperator:
		kids = children_of(c);
		if (kids.n == 2) {
			walk(r, kids.items[0], MODE_WRITE);
			walk(r, kids.items[1], MODE_PEEK);
		}
		return;
	case CXCursor_ConditionalOperator:
		kids = children_of(c);
		for (size_t i = 0; i < kids.n; i++)
			walk(r, kids.items[i], i ? mode : MODE_PEEK);
		return;
	case CXCursor_CallExpr:
		walk_call(r, c);
		return;
	case CXCursor_InitListExpr:
		walk_initializer(r, c, TU_NONE, clang_getCursorType(c));
		return;
	case CXCursor_CompoundLiteralExpr:
		walk_initializer(r, operand(c), TU_NONE, clang_getCursorType(c));
		return;
	case CXCursor_StmtExpr:
		walk_statement(r, operand(c));
		return;
	case CXCursor_UnaryExpr:            /* sizeof and its kin do not evaluate */
	case CXCursor_GenericSelectionExpr: /* and which branch is taken cannot be told */
	case CXCursor_TypeRef:
		return;
	default:
		kids = children_of(c);
		vec_each (&kids, kid)
			walk(r, *kid, MODE_READ);
	}
}

/* -- statements -- */

static bool says_error(const char *label)
{
	static const char *const words[] = { "err",   "fail",  "bad",  "out",  "abort", "die",
					     "clean", "close", "exit", "bail", NULL };

	for (const char *const *w = words; *w; w++)
		if (label && strcasestr(label, *w))
			return true;
	return false;
}

static enum ending return_ending(CXCursor statement)
{
	CXCursor value = operand(statement);
	int64_t n;

	if (clang_Cursor_isNull(value) || !constant_value(value, &n))
		return ENDING_RETURN;
	return n < 0 || (n == 0 && is_pointer(clang_getCursorType(value))) ? ENDING_ERROR
									   : ENDING_RETURN;
}

/* How a block ends; *ret_call is the callee when it ends with a call. */
static enum ending ending_of(struct reader *r, CXCursor c, uint32_t *ret_call)
{
	CLEANUP(cleanup_free) char *label = NULL;
	CXCursor last, inner;

	switch (clang_getCursorKind(c)) {
	case CXCursor_CompoundStmt:
	case CXCursor_LabelStmt:
		last = operand(c);
		return clang_Cursor_isNull(last) ? ENDING_FALL : ending_of(r, last, ret_call);
	case CXCursor_ReturnStmt:
		return return_ending(c);
	case CXCursor_GotoStmt:
		label = take_string(clang_getCursorSpelling(operand(c)));
		return says_error(label) ? ENDING_ERROR : ENDING_JUMP;
	case CXCursor_BreakStmt:
	case CXCursor_ContinueStmt:
		return ENDING_JUMP;
	default:
		inner = strip(c, true);
		if (clang_getCursorKind(inner) != CXCursor_CallExpr)
			return ENDING_FALL;
		inner = clang_getCursorReferenced(inner);
		if (clang_getCursorKind(inner) != CXCursor_FunctionDecl)
			return ENDING_FALL;
		*ret_call = symbol_of(r, inner);
		return ENDING_CALL;
	}
}

static void walk_block(struct reader *r, CXCursor c, enum block which)
{
	uint32_t call = TU_NONE;
	enum ending ending = ending_of(r, c, &call);
	struct event *e = add_event(r, EVENT_BLOCK, c);

	e->which = which;
	e->value = ending;
	e->symbol = call;
	walk_statement(r, c);
	add_event(r, EVENT_BLOCK_END, c);
}

static void walk_loop(struct reader *r, CXCursor c, const struct cursors *kids, enum loop which)
{
	size_t body = which == LOOP_DO ? 0 : kids->n - 1;
	int64_t value;

	if (which == LOOP_DO && constant_value(kids->items[kids->n - 1], &value) && !value) {
		walk_statement(r, kids->items[0]); /* do { } while (0) runs once */
		return;
	}
	add_event(r, EVENT_LOOP, c)->which = which;
	for (size_t i = 0; i < kids->n; i++) {
		if (i == body)
			walk_block(r, kids->items[i], BLOCK_LOOP);
		else
			walk_statement(r, kids->items[i]);
	}
	add_event(r, EVENT_LOOP_END, c);
}

static void walk_declaration(struct reader *r, CXCursor c)
{
	CXCursor init;
	bool is_static;

	if (clang_getCursorKind(c) != CXCursor_VarDecl)
		return;
	is_static = clang_Cursor_hasVarDeclGlobalStorage(c) == 1;
	if (is_static)
		declare_variable(r, c);
	init = clang_Cursor_getVarDeclInitializer(c);
	if (!clang_Cursor_isNull(init))
		walk_initializer(r, init, symbol_of(r, c), clang_getCursorType(c));
}

static void walk_if(struct reader *r, const struct cursors *kids)
{
	walk(r, kids->items[0], MODE_PEEK);
	for (size_t i = 1; i < kids->n; i++)
		walk_block(r, kids->items[i], BLOCK_BRANCH);
}

static void walk_statement(struct reader *r, CXCursor c)
{
	enum CXCursorKind kind = clang_getCursorKind(c);
	CLEANUP(cursors_clear) struct cursors kids = { 0 };

	if (clang_isExpression(kind)) {
		walk(r, c, MODE_PEEK);
		return;
	}
	if (clang_isDeclaration(kind)) {
		walk_declaration(r, c);
		return;
	}
	kids = children_of(c);
	if (kind >= CXCursor_OMPParallelDirective && kind <= CXCursor_OMPInterchangeDirective)
		add_event(r, EVENT_OPENMP, c);
	if (kind == CXCursor_IfStmt && kids.n)
		walk_if(r, &kids);
	else if (kind == CXCursor_ForStmt && kids.n)
		walk_loop(r, c, &kids, LOOP_FOR);
	else if (kind == CXCursor_WhileStmt && kids.n)
		walk_loop(r, c, &kids, LOOP_WHILE);
	else if (kind == CXCursor_DoStmt && kids.n)
		walk_loop(r, c, &kids, LOOP_DO);
	else if (kind == CXCursor_SwitchStmt && kids.n > 1) {
		walk(r, kids.items[0], MODE_PEEK);
		walk_block(r, kids.items[1], BLOCK_SWITCH);
	} else if (kind == CXCursor_ReturnStmt && kids.n) {
		walk(r, kids.items[0], MODE_READ);
	} else {
		vec_each (&kids, kid)
			walk_statement(r, *kid);
	}
}

/* -- the unit -- */

static void walk_function(struct reader *r, CXCursor c)
{
	CLEANUP(cursors_clear) struct cursors kids = children_of(c);
	CXCursor body = kids.n ? kids.items[kids.n - 1] : clang_getNullCursor();
	struct place p = place_of(r, clang_getCursorLocation(c));
	uint32_t id = symbol_of(r, c);
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
			uint32_t param = symbol_of(r, *kid);

			r->b.tu.symbols.items[param].function = id;
			r->b.tu.symbols.items[param].position = (uint8_t)position++;
		}
	add_event(r, EVENT_FUNCTION, c)->symbol = id;
	walk_statement(r, body);
	add_event(r, EVENT_FUNCTION_END, c)->symbol = id;
	r->function = TU_NONE;
}

static void walk_unit(struct reader *r)
{
	CLEANUP(cursors_clear)
	struct cursors top = children_of(clang_getTranslationUnitCursor(r->unit));

	vec_each (&top, c) {
		enum CXCursorKind kind = clang_getCursorKind(*c);

		if (kind != CXCursor_FunctionDecl && kind != CXCursor_VarDecl)
			continue;
		if (clang_Location_isInSystemHeader(clang_getCursorLocation(*c)) ||
		    place_of(r, clang_getCursorLocation(*c)).system)
			continue;
		if (kind == CXCursor_VarDecl)
			walk_declaration(r, *c);
		else if (clang_isCursorDefinition(*c))
			walk_function(r, *c);
	}
}

/* Options only gcc knows change nothing in the tree (measured); everything else that is an error
 * means that something was not read. */
static bool is_option_complaint(const char *text)
{
	return strstr(text, "unknown argument") || strstr(text, "unsupported argument") ||
	       strstr(text, "unsupported option") || strstr(text, "unknown warning option") ||
	       strstr(text, "optimization flag");
}

static char *describe(struct reader *r, CXDiagnostic diagnostic)
{
	CLEANUP(cleanup_free) char *text = take_string(clang_getDiagnosticSpelling(diagnostic));
	CXFile file;
	unsigned line;
	struct source_file *f;

	clang_getFileLocation(clang_getDiagnosticLocation(diagnostic), &file, &line, NULL, NULL);
	if (!file)
		return xstrdup(text);
	f = source_file(r, file, clang_getDiagnosticLocation(diagnostic));
	return xasprintf("%s:%u: %s", tu_string(&r->b.tu, f->path), line, text);
}

static void check_diagnostics(struct reader *r)
{
	CLEANUP(cleanup_free) char *first = NULL;
	unsigned n = clang_getNumDiagnostics(r->unit);
	size_t errors = 0;
	bool fatal = false;

	for (unsigned i = 0; i < n && !fatal; i++) {
		CXDiagnostic d = clang_getDiagnostic(r->unit, i);
		enum CXDiagnosticSeverity severity = clang_getDiagnosticSeverity(d);
		CLEANUP(cleanup_free) char *text = take_string(clang_getDiagnosticSpelling(d));

		fatal = severity == CXDiagnostic_Fatal;
		if (severity >= CXDiagnostic_Error && !is_option_complaint(text ? text : "")) {
			if (!errors++ || fatal) {
				free(first);
				first = describe(r, d);
			}
		}
		clang_disposeDiagnostic(d);
	}
	if (errors) {
		CLEANUP(cleanup_free)
		char *why = xasprintf("%s: %s", fatal ? "read up to here" : "read in part", first);
		r->b.tu.problem = tu_builder_string(&r->b, why);
	}
}

static void add_include(CXFile file, CXSourceLocation *stack, unsigned depth, CXClientData data)
{
	struct reader *r = data;
	CXSourceLocation none = clang_getNullLocation();

	vec_push(&r->b.tu.includes, source_file(r, file, depth ? stack[0] : none)->path);
}

static enum CXErrorCode parse(struct reader *r, CXIndex index)
{
	static const char *const more[] = { "-w", "-ferror-limit=0" };
	const struct compdb_entry *entry = r->entry;
	size_t n = entry->argv.n + sizeof(more) / sizeof(more[0]);
	CLEANUP(cleanup_free) const char **argv = xreallocarray(NULL, n, sizeof(*argv));
	struct CXUnsavedFile unsaved = { .Filename = entry->file, .Contents = entry->source };

	for (size_t i = 0; i < entry->argv.n; i++)
		argv[i] = entry->argv.items[i];
	for (size_t i = entry->argv.n; i < n; i++)
		argv[i] = more[i - entry->argv.n];
	if (entry->source)
		unsaved.Length = strlen(entry->source);
	return clang_parseTranslationUnit2FullArgv(index, entry->file, argv, (int)n, &unsaved,
						   entry->source ? 1 : 0,
						   CXTranslationUnit_KeepGoing, &r->unit);
}

static const char *parse_failure(enum CXErrorCode code, const struct compdb_entry *entry)
{
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
	enum CXErrorCode code;

	tu_builder_init(&r.b);
	r.b.tu.file = tu_builder_string(&r.b, entry->file);
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

char *clang_version(void)
{
	CLEANUP(cleanup_free) char *text = take_string(clang_getClangVersion());
	const char *at = text ? strstr(text, "version ") : NULL;

	if (!at)
		return xstrdup("libclang");
	at += strlen("version ");
	return xasprintf("libclang %.*s", (int)strspn(at, "0123456789."), at);
}
