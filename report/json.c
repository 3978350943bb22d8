#include "report/json.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "report/words.h"

#define DIGITS 15 /* more would show 0.1 as 0.10000000000000001 */

json_t *json_clean(const char *text)
{
	CLEANUP(cleanup_free) char *clean = text ? word_clean(text, true) : NULL;

	return clean ? json_string(clean) : json_null();
}

void json_release(json_t **json)
{
	json_decref(*json);
}

void json_put(json_t *root, struct strbuf *out)
{
	CLEANUP(cleanup_free)
	char *text = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS));

	if (!text)
		abort(); /* out of memory: all text in it is UTF-8 */
	strbuf_addf(out, "%s\n", text);
	json_decref(root);
}
