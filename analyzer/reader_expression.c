#include <string.h>

#include "analyzer/reader.h"
#include "base/cleanup.h"

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
	symbol = reader_symbol(r, decl);
	reader_event(r, kinds[mode], ref)->symbol = symbol;
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
	CXCursor inner = cursor_strip(base, false);

	if (type_is_array(clang_getCursorType(inner)))
		reader_expression(r, inner, mode);
	else if (mode == MODE_WRITE || mode == MODE_THROUGH)
		reader_expression(r, base, MODE_THROUGH);
	else
		reader_expression(r, base, MODE_PEEK);
}

static void walk_member(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);

	if (!kids.n)
		return;
	if (type_is_pointer(clang_getCursorType(kids.items[0])))
		walk_base(r, kids.items[0], mode);
	else
		reader_expression(r, kids.items[0], mode);
}

static void walk_subscript(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);

	if (kids.n != 2)
		return;
	walk_base(r, kids.items[0], mode);
	reader_expression(r, kids.items[1], MODE_PEEK);
}

/* Implicit and explicit casts: to a pointer to const, an address goes out for reading only. */
static void walk_cast(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);
	CXType type = clang_getCursorType(c);
	CXCursor inner;

	if (!kids.n)
		return;
	inner = kids.items[kids.n - 1];
	if (kids.n > 1 && clang_getCursorKind(c) != CXCursor_CStyleCastExpr) {
		vec_each (&kids, kid) /* __atomic_..., a ?: b */
			reader_expression(r, *kid, MODE_READ);
		return;
	}
	if (mode == MODE_READ && type_is_pointer(type) &&
	    clang_isConstQualifiedType(clang_getPointeeType(clang_getCanonicalType(type))))
		mode = MODE_CONST;
	if (mode == MODE_READ && type_is_pointer(type) && type_is_array(clang_getCursorType(inner)))
		mode = MODE_ADDRESS;
	reader_expression(r, inner, mode);
}

static void walk_unary(struct reader *r, CXCursor c, enum mode mode)
{
	CXCursor inner = cursor_operand(c);

	switch (clang_getCursorUnaryOperatorKind(c)) {
	case CXUnaryOperator_PostInc:
	case CXUnaryOperator_PostDec:
	case CXUnaryOperator_PreInc:
	case CXUnaryOperator_PreDec:
		if (mode == MODE_THROUGH)
			reader_expression(r, inner, MODE_THROUGH); /* *p++ = x does both */
		reader_expression(r, inner, MODE_WRITE);
		break;
	case CXUnaryOperator_AddrOf:
		reader_expression(r, inner,
				  mode == MODE_READ || mode == MODE_ADDRESS ? MODE_ADDRESS
				  : mode == MODE_THROUGH                    ? MODE_WRITE
									    : MODE_PEEK);
		break;
	case CXUnaryOperator_Deref:
		walk_base(r, inner, mode);
		break;
	case CXUnaryOperator_Extension:
		reader_expression(r, inner, mode);
		break;
	default:
		reader_expression(r, inner, MODE_PEEK);
	}
}

/* By its name: an int could be anything. */
static bool is_descriptor(struct reader *r, uint32_t symbol)
{
	const struct symbol *s = &r->b.tu.symbols.items[symbol];
	const char *name = tu_string(&r->b.tu, s->name);

	return s->kind != SYMBOL_FUNCTION && !strcmp(tu_string(&r->b.tu, s->type), "int") &&
	       (strcasestr(name, "fd") || strcasestr(name, "sock") || strcasestr(name, "sd"));
}

/* A pointer that is given a function, or another pointer to one. */
static void note_target(struct reader *r, uint32_t to, CXCursor value)
{
	CXCursor inner = cursor_strip(value, true);
	uint32_t from;
	struct event *e;

	if (clang_getCursorKind(inner) == CXCursor_ConditionalOperator) {
		CLEANUP(cursors_clear) struct cursors kids = cursor_children(inner);

		for (size_t i = 1; i < kids.n; i++)
			note_target(r, to, kids.items[i]);
		return;
	}
	from = reader_named(r, value);
	if (to == TU_NONE || from == TU_NONE || from == to)
		return;
	if (!reader_is_function(r, from) && !type_is_function_pointer(clang_getCursorType(inner)) &&
	    !is_descriptor(r, from) && !is_descriptor(r, to))
		return;
	e = reader_event(r, EVENT_TARGET, value);
	e->symbol = to;
	e->value = from;
}

/* Functions come in pointers, descriptors in ints. */
static bool may_carry(CXType type)
{
	return type_is_pointer(type) || clang_getCanonicalType(type).kind == CXType_Int;
}

static void note_result(struct reader *r, uint32_t to, CXCursor value)
{
	CXCursor call = cursor_strip(value, false), callee;
	uint32_t from;
	struct event *e;

	while (clang_getCursorKind(call) == CXCursor_CStyleCastExpr)
		call = cursor_strip(cursor_operand(call), false);
	if (to == TU_NONE || clang_getCursorKind(call) != CXCursor_CallExpr)
		return;
	callee = clang_getCursorReferenced(call);
	if (clang_getCursorKind(callee) != CXCursor_FunctionDecl)
		return;
	from = reader_symbol(r, callee);
	e = reader_event(r, EVENT_RESULT, call);
	e->symbol = to;
	e->value = from;
}

static void walk_assignment(struct reader *r, CXCursor left, CXCursor right)
{
	reader_expression(r, left, MODE_WRITE);
	reader_expression(r, right, MODE_READ);
	if (may_carry(clang_getCursorType(left)))
		note_target(r, reader_named(r, left), right);
	note_result(r, reader_named(r, left), right);
}

static void walk_binary(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);
	enum CXBinaryOperatorKind op = clang_getCursorBinaryOperatorKind(c);
	bool sum = op == CXBinaryOperator_Add || op == CXBinaryOperator_Sub;

	if (kids.n != 2)
		return;
	if (op == CXBinaryOperator_Assign) {
		walk_assignment(r, kids.items[0], kids.items[1]);
	} else if (op == CXBinaryOperator_Comma) {
		reader_expression(r, kids.items[0], MODE_PEEK);
		reader_expression(r, kids.items[1], mode);
	} else {
		for (size_t i = 0; i < 2; i++) /* arr + 1 hands out an address, as arr does */
			reader_expression(
				r, kids.items[i],
				sum && type_is_pointer(clang_getCursorType(kids.items[i])) &&
						type_is_pointer(clang_getCursorType(c))
					? mode
					: MODE_PEEK);
	}
}

static void note_argument(struct reader *r, CXCursor arg, uint16_t which, bool outside)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	CXCursor inner = cursor_strip(arg, true);
	CXCursor bare = cursor_strip(arg, false);
	uint32_t symbol = reader_named(r, arg);
	bool function = reader_is_function(r, symbol);
	bool pointer = symbol != TU_NONE && type_is_function_pointer(clang_getCursorType(inner));
	struct event e = { .symbol = TU_NONE, .which = which };
	struct event *added;

	if (!outside && !function && !pointer && symbol == TU_NONE)
		return;
	if (symbol != TU_NONE) {
		e.symbol = symbol;
		e.flags |= ARGUMENT_SYMBOL;
	}
	if (outside && cursor_constant(arg, &e.value))
		e.flags |= ARGUMENT_VALUE;
	if (clang_getCursorKind(inner) == CXCursor_StringLiteral) {
		e.text = reader_intern(r, clang_getCursorSpelling(inner));
		e.flags |= ARGUMENT_STRING;
	} else if (!function && reader_spell(arg, &text)) {
		e.text = tu_builder_string(&r->b, strbuf_str(&text));
		e.flags |= ARGUMENT_LVALUE;
	}
	if (clang_getCursorKind(bare) == CXCursor_UnaryOperator &&
	    clang_getCursorUnaryOperatorKind(bare) == CXUnaryOperator_AddrOf)
		e.flags |= ARGUMENT_ADDRESS;
	if (!e.flags)
		return;
	added = reader_event(r, EVENT_ARGUMENT, arg);
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
	CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);
	int n = clang_Cursor_getNumArguments(c);
	uint32_t callee = TU_NONE;
	bool outside = true;
	struct event *e;

	if (kids.n) {
		callee = reader_named(r, kids.items[0]);
		if (!reader_is_function(r, callee))
			reader_expression(r, kids.items[0], MODE_PEEK);
	}
	for (int i = 0; i < n; i++)
		reader_expression(r, clang_Cursor_getArgument(c, (unsigned)i), MODE_READ);
	if (callee != TU_NONE) {
		const struct symbol *s = &r->b.tu.symbols.items[callee];

		if (is_transparent(tu_string(&r->b.tu, s->name)))
			return;
		outside = s->kind == SYMBOL_FUNCTION && s->file != r->b.tu.file;
	}
	e = reader_event(r, EVENT_CALL, c);
	e->symbol = callee;
	for (int i = 0; i < n && i < 16; i++)
		note_argument(r, clang_Cursor_getArgument(c, (unsigned)i), (uint16_t)i, outside);
}

void reader_initializer(struct reader *r, CXCursor init, uint32_t to, CXType type);

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
		kids = cursor_children(item);
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
		reader_initializer(r, item, to, type_element(type));
	else
		reader_initializer(r, item, reader_symbol(r, field), clang_getCursorType(field));
}

void reader_initializer(struct reader *r, CXCursor init, uint32_t to, CXType type)
{
	CXCursor inner = cursor_strip(init, false);
	CLEANUP(cursors_clear) struct cursors kids = { 0 };
	CLEANUP(cursors_clear) struct cursors fields = { 0 };
	size_t next = 0;

	if (clang_getCursorKind(inner) != CXCursor_InitListExpr) {
		reader_expression(r, init, MODE_READ);
		if (may_carry(type))
			note_target(r, to, init);
		note_result(r, to, init);
		return;
	}
	type = clang_getCanonicalType(type);
	if (type.kind == CXType_Record)
		clang_Type_visitFields(type, add_field, &fields);
	kids = cursor_children(inner);
	vec_each (&kids, kid)
		walk_item(r, *kid, to, type, &fields, &next);
}

/* ok ? (void)0 : (report(), __builtin_unreachable()): a branch as good as an if's. */
static bool open_branch(struct reader *r, CXCursor branch)
{
	CXCursor last = cursor_strip(branch, false), callee;
	uint32_t symbol;
	struct event *e;

	if (clang_getCursorKind(last) != CXCursor_BinaryOperator ||
	    clang_getCursorBinaryOperatorKind(last) != CXBinaryOperator_Comma)
		return false;
	last = cursor_strip(cursor_operand(last), true);
	callee = clang_getCursorReferenced(last);
	if (clang_getCursorKind(last) != CXCursor_CallExpr ||
	    clang_getCursorKind(callee) != CXCursor_FunctionDecl)
		return false;
	symbol = reader_symbol(r, callee);
	e = reader_event(r, EVENT_BLOCK, branch);
	e->which = BLOCK_BRANCH;
	e->value = ENDING_CALL;
	e->symbol = symbol;
	return true;
}

static void walk_conditional(struct reader *r, CXCursor c, enum mode mode)
{
	CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);

	for (size_t i = 0; i < kids.n; i++) {
		bool branch = i && open_branch(r, kids.items[i]);

		reader_expression(r, kids.items[i], i ? mode : MODE_PEEK);
		if (branch)
			reader_event(r, EVENT_BLOCK_END, kids.items[i]);
	}
}

void reader_expression(struct reader *r, CXCursor c, enum mode mode)
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
		reader_expression(r, cursor_operand(c), mode);
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
		kids = cursor_children(c);
		if (kids.n == 2) {
			reader_expression(r, kids.items[0], MODE_WRITE);
			reader_expression(r, kids.items[1], MODE_PEEK);
		}
		return;
	case CXCursor_ConditionalOperator:
		walk_conditional(r, c, mode);
		return;
	case CXCursor_CallExpr:
		walk_call(r, c);
		return;
	case CXCursor_InitListExpr:
		reader_initializer(r, c, TU_NONE, clang_getCursorType(c));
		return;
	case CXCursor_CompoundLiteralExpr:
		reader_initializer(r, cursor_operand(c), TU_NONE, clang_getCursorType(c));
		return;
	case CXCursor_StmtExpr:
		reader_statement(r, cursor_operand(c));
		return;
	case CXCursor_UnaryExpr:            /* sizeof and its kin do not evaluate */
	case CXCursor_GenericSelectionExpr: /* and which branch is taken cannot be told */
	case CXCursor_TypeRef:
		return;
	default:
		kids = cursor_children(c);
		vec_each (&kids, kid)
			reader_expression(r, *kid, MODE_READ);
	}
}
