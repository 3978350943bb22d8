#include "analyzer/cursor.h"

#include "base/cleanup.h"

char *cursor_text(CXString s)
{
	char *copy = xstrdup(clang_getCString(s));

	clang_disposeString(s);
	return copy;
}

static enum CXChildVisitResult add_child(CXCursor c, CXCursor parent, CXClientData data)
{
	struct cursors *list = data;

	(void)parent;
	vec_push(list, c);
	return CXChildVisit_Continue;
}

struct cursors cursor_children(CXCursor c)
{
	struct cursors list = { 0 };

	clang_visitChildren(c, add_child, &list);
	return list;
}

void cursors_clear(struct cursors *list)
{
	vec_clear(list);
}

bool type_is_array(CXType type)
{
	enum CXTypeKind kind = clang_getCanonicalType(type).kind;

	return kind == CXType_ConstantArray || kind == CXType_IncompleteArray ||
	       kind == CXType_VariableArray;
}

bool type_is_pointer(CXType type)
{
	return clang_getCanonicalType(type).kind == CXType_Pointer;
}

bool type_is_function_pointer(CXType type)
{
	CXType to = clang_getPointeeType(clang_getCanonicalType(type));

	return to.kind == CXType_FunctionProto || to.kind == CXType_FunctionNoProto;
}

CXType type_element(CXType type)
{
	type = clang_getCanonicalType(type);
	while (type_is_array(type))
		type = clang_getCanonicalType(clang_getArrayElementType(type));
	return type;
}

/* const may sit on an array, or on what the array holds. */
bool type_is_const(CXType type)
{
	for (type = clang_getCanonicalType(type); type_is_array(type);
	     type = clang_getCanonicalType(clang_getArrayElementType(type)))
		if (clang_isConstQualifiedType(type))
			return true;
	return clang_isConstQualifiedType(type);
}

/* The last child: a cast's operand follows the type it names. */
CXCursor cursor_operand(CXCursor c)
{
	CLEANUP(cursors_clear) struct cursors kids = cursor_children(c);

	return kids.n ? kids.items[kids.n - 1] : clang_getNullCursor();
}

/* Without parentheses, implicit casts and (if asked) explicit casts, & and *. */
CXCursor cursor_strip(CXCursor c, bool all)
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
		kids = cursor_children(c);
		if (!kids.n || (kids.n > 1 && kind != CXCursor_CStyleCastExpr))
			return c;
		c = kids.items[kids.n - 1];
	}
}

bool cursor_constant(CXCursor c, int64_t *ret)
{
	CXEvalResult result;
	bool ok;

	c = cursor_strip(c, false);
	while (clang_getCursorKind(c) == CXCursor_CStyleCastExpr)
		c = cursor_strip(cursor_operand(c), false); /* (void *)0 */
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
