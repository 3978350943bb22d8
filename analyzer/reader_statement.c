#include <string.h>

#include "analyzer/reader.h"
#include "base/cleanup.h"

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
	CXCursor value = cursor_operand(statement);
	int64_t n;

	if (clang_Cursor_isNull(value) || !cursor_constant(value, &n))
		return ENDING_RETURN;
	return n < 0 || (n == 0 && type_is_pointer(clang_getCursorType(value))) ? ENDING_ERROR
										: ENDING_RETURN;
}

/* do { } while (0) runs once: a macro's. */
static bool runs_once(const struct cursors *kids)
{
	int64_t value;

	return kids->n > 1 && cursor_constant(kids->items[kids->n - 1], &value) && !value;
}

static enum ending ending_of(struct reader *r, CXCursor c, uint32_t *ret_call);

static enum ending ending_of_do(struct reader *r, CXCursor c, uint32_t *ret_call)
{
	CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);

	return runs_once(&kids) ? ending_of(r, kids.items[0], ret_call) : ENDING_FALL;
}

/* How a block ends; *ret_call is the callee when it ends with a call. */
static enum ending ending_of(struct reader *r, CXCursor c, uint32_t *ret_call)
{
	CLEANUP(cleanup_free) char *label = NULL;
	CXCursor last, inner;

	switch (clang_getCursorKind(c)) {
	case CXCursor_CompoundStmt:
	case CXCursor_LabelStmt:
		last = cursor_operand(c);
		return clang_Cursor_isNull(last) ? ENDING_FALL : ending_of(r, last, ret_call);
	case CXCursor_DoStmt:
		return ending_of_do(r, c, ret_call);
	case CXCursor_ReturnStmt:
		return return_ending(c);
	case CXCursor_GotoStmt:
		label = cursor_text(clang_getCursorSpelling(cursor_operand(c)));
		return says_error(label) ? ENDING_ERROR : ENDING_JUMP;
	case CXCursor_BreakStmt:
	case CXCursor_ContinueStmt:
		return ENDING_JUMP;
	default:
		inner = cursor_strip(c, true);
		if (clang_getCursorKind(inner) != CXCursor_CallExpr)
			return ENDING_FALL;
		inner = clang_getCursorReferenced(inner);
		if (clang_getCursorKind(inner) != CXCursor_FunctionDecl)
			return ENDING_FALL;
		*ret_call = reader_symbol(r, inner);
		return ENDING_CALL;
	}
}

static void walk_block(struct reader *r, CXCursor c, enum block which)
{
	uint32_t call = TU_NONE;
	enum ending ending = ending_of(r, c, &call);
	struct event *e = reader_event(r, EVENT_BLOCK, c);

	e->which = which;
	e->value = ending;
	e->symbol = call;
	reader_statement(r, c);
	reader_event(r, EVENT_BLOCK_END, c);
}

/* `i = 0` or `int i = 0`: the variable, and its first value. */
static bool first_value(CXCursor init, CXCursor *ret_variable, int64_t *ret)
{
	CXCursor value;

	if (clang_getCursorKind(init) == CXCursor_DeclStmt) {
		*ret_variable = cursor_operand(init);
		value = clang_Cursor_getVarDeclInitializer(*ret_variable);
		return !clang_Cursor_isNull(value) && cursor_constant(value, ret);
	}
	if (clang_getCursorKind(init) == CXCursor_BinaryOperator &&
	    clang_getCursorBinaryOperatorKind(init) == CXBinaryOperator_Assign) {
		CLEANUP(cursors_clear) struct cursors sides = cursor_children(init);

		if (sides.n != 2)
			return false;
		*ret_variable = clang_getCursorReferenced(cursor_strip(sides.items[0], false));
		return cursor_constant(sides.items[1], ret);
	}
	return false;
}

/* How often `for (i = FIRST; i < LAST; i++)` runs at most, both constants; 0: not known. What the
 * body does to the variable is not looked at. */
static int64_t most_rounds(const struct cursors *kids)
{
	CLEANUP(cursors_clear) struct cursors sides = { 0 };
	CXCursor variable;
	int64_t first, last;

	if (kids->n != 4 || clang_getCursorKind(kids->items[1]) != CXCursor_BinaryOperator ||
	    !first_value(kids->items[0], &variable, &first))
		return 0;
	sides = cursor_children(kids->items[1]);
	if (sides.n != 2 ||
	    !clang_equalCursors(clang_getCursorReferenced(cursor_strip(sides.items[0], false)),
				variable) ||
	    !cursor_constant(sides.items[1], &last))
		return 0;
	switch (clang_getCursorBinaryOperatorKind(kids->items[1])) {
	case CXBinaryOperator_LT:
	case CXBinaryOperator_NE:
		return last > first ? last - first : 0;
	case CXBinaryOperator_LE:
		return last >= first ? last - first + 1 : 0;
	case CXBinaryOperator_GT:
		return first > last ? first - last : 0;
	case CXBinaryOperator_GE:
		return first >= last ? first - last + 1 : 0;
	default:
		return 0;
	}
}

static void walk_loop(struct reader *r, CXCursor c, const struct cursors *kids, enum loop which)
{
	size_t body = which == LOOP_DO ? 0 : kids->n - 1;
	struct event *e;

	if (which == LOOP_DO && runs_once(kids)) {
		reader_statement(r, kids->items[0]);
		return;
	}
	e = reader_event(r, EVENT_LOOP, c);
	e->which = which;
	e->value = which == LOOP_FOR ? most_rounds(kids) : 0;
	for (size_t i = 0; i < kids->n; i++) {
		if (i == body)
			walk_block(r, kids->items[i], BLOCK_LOOP);
		else
			reader_statement(r, kids->items[i]);
	}
	reader_event(r, EVENT_LOOP_END, c);
}

void reader_declaration(struct reader *r, CXCursor c)
{
	CXCursor init;
	bool is_static;

	if (clang_getCursorKind(c) != CXCursor_VarDecl)
		return;
	is_static = clang_Cursor_hasVarDeclGlobalStorage(c) == 1;
	if (is_static)
		reader_declare(r, c);
	init = clang_Cursor_getVarDeclInitializer(c);
	if (!clang_Cursor_isNull(init))
		reader_initializer(r, init, reader_symbol(r, c), clang_getCursorType(c));
}

static void walk_if(struct reader *r, const struct cursors *kids)
{
	reader_expression(r, kids->items[0], MODE_PEEK);
	for (size_t i = 1; i < kids->n; i++)
		walk_block(r, kids->items[i], BLOCK_BRANCH);
}

void reader_statement(struct reader *r, CXCursor c)
{
	enum CXCursorKind kind = clang_getCursorKind(c);
	CLEANUP(cursors_clear) struct cursors kids = { 0 };

	if (clang_isExpression(kind)) {
		reader_expression(r, c, MODE_PEEK);
		return;
	}
	if (clang_isDeclaration(kind)) {
		reader_declaration(r, c);
		return;
	}
	kids = cursor_children(c);
	if (kind >= CXCursor_OMPParallelDirective && kind <= CXCursor_OMPInterchangeDirective &&
	    kind != CXCursor_OMPSimdDirective) /* lanes of one core */
		reader_event(r, EVENT_OPENMP, c);
	if (kind == CXCursor_IfStmt && kids.n)
		walk_if(r, &kids);
	else if (kind == CXCursor_ForStmt && kids.n)
		walk_loop(r, c, &kids, LOOP_FOR);
	else if (kind == CXCursor_WhileStmt && kids.n)
		walk_loop(r, c, &kids, LOOP_WHILE);
	else if (kind == CXCursor_DoStmt && kids.n)
		walk_loop(r, c, &kids, LOOP_DO);
	else if (kind == CXCursor_SwitchStmt && kids.n > 1) {
		reader_expression(r, kids.items[0], MODE_PEEK);
		walk_block(r, kids.items[1], BLOCK_SWITCH);
	} else if (kind == CXCursor_ReturnStmt && kids.n) {
		reader_expression(r, kids.items[0], MODE_READ);
	} else {
		vec_each (&kids, kid)
			reader_statement(r, *kid);
	}
}
