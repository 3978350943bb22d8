#include "db/identity.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

/* Each part ends with a NUL, and an absent one differs from an empty one. */
static void add_part(struct strbuf *sb, const char *part)
{
	strbuf_addch(sb, part ? '+' : '-');
	strbuf_add(sb, part ? part : "");
	strbuf_addch(sb, '\0');
}

struct digest finding_identity(const struct fact *fact)
{
	CLEANUP(strbuf_clear) struct strbuf sb = { 0 };

	add_part(&sb, fact->check);
	add_part(&sb, fact->file);
	add_part(&sb, fact->function);
	add_part(&sb, fact->symbol);
	return digest_bytes(sb.s, sb.len);
}
