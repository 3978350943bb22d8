#include "stored.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "model/run_json.h"

static void must(struct error *err, const char *path)
{
	if (!err)
		return;
	fprintf(stderr, "%s: %s\n", path, err->message);
	abort();
}

static void load_one(const char *path, struct stored_runs *list)
{
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct stored s = { .name = xstrdup(strrchr(path, '/') + 1) };
	json_error_t error;
	json_t *json;

	must(file_read(path, &text), path);
	must(run_json_parse(text.s, text.len, &s.run), path);
	json = json_loads(text.s, 0, &error);
	s.expect = json_incref(json_object_get(json, "expect"));
	json_decref(json);
	vec_push(list, s);
}

struct stored_runs stored_load(void)
{
	struct stored_runs list = { 0 };
	glob_t found;

	if (glob(RULES_DIR "/*.json", 0, NULL, &found))
		must(error_new(ERROR_INPUT, "no stored runs"), RULES_DIR);
	for (size_t i = 0; i < found.gl_pathc; i++)
		load_one(found.gl_pathv[i], &list);
	globfree(&found);
	return list;
}

void stored_clear(struct stored_runs *list)
{
	vec_each (list, s) {
		free(s->name);
		run_clear(&s->run);
		json_decref(s->expect);
	}
	vec_clear(list);
}

struct verdict stored_advise(const struct stored *s)
{
	const char *policy = json_string_value(json_object_get(s->expect, "policy"));
	struct advisor_options opt = { .policy = policy && !strcmp(policy, "table")
							 ? POLICY_TABLE
							 : POLICY_MEASURED };
	struct verdict v = { 0 };

	must(advisor_advise(&s->run, &opt, &v), s->name);
	return v;
}
