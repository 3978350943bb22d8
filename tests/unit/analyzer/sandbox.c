#include "sandbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

void sandbox_init(struct sandbox *s)
{
	*s = (struct sandbox){ .dir = "/tmp/concur-analyzer-XXXXXX" };
	log_set_level(LOG_QUIET);
	if (!mkdtemp(s->dir))
		abort();
}

void sandbox_clear(struct sandbox *s)
{
	CLEANUP(cleanup_free) char *command = xasprintf("rm -rf '%s'", s->dir);

	if (system(command) != 0)
		abort();
	strbuf_clear(&s->entries);
	facts_clear(&s->facts);
	error_free(s->err);
	free(s->cache_dir);
}

void sandbox_file(struct sandbox *s, const char *name, const char *text)
{
	CLEANUP(cleanup_free) char *path = path_join(s->dir, name);
	struct error *err;

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0700) && errno != EEXIST)
			abort();
		*slash = '/';
	}
	err = file_write(path, text, strlen(text));
	if (err)
		abort();
}

void sandbox_entry(struct sandbox *s, const char *json)
{
	strbuf_addf(&s->entries, "%s{%s}", s->entries.len ? ",\n" : "", json);
}

void sandbox_unit(struct sandbox *s, const char *name, const char *flags, const char *text)
{
	CLEANUP(cleanup_free)
	char *json = xasprintf("\"directory\": \".\", \"file\": \"%s\", "
			       "\"command\": \"cc %s -c -o x.o %s\"",
			       name, flags, name);

	sandbox_file(s, name, text);
	sandbox_entry(s, json);
}

void sandbox_run(struct sandbox *s)
{
	CLEANUP(cleanup_free) char *text = xasprintf("[%s]", strbuf_str(&s->entries));
	struct analyzer_options opt = { .build_dir = s->dir,
					.unit_timeout_s = s->unit_timeout_s,
					.cache_dir = s->cache_dir,
					.glibc = s->glibc };

	sandbox_file(s, "compile_commands.json", text);
	s->err = analyzer_run(&opt, &s->facts, NULL);
}

const struct fact *sandbox_fact(const struct sandbox *s, const char *check, const char *symbol)
{
	vec_each (&s->facts, f)
		if (!strcmp(f->check, check) && (!symbol || !strcmp(f->symbol, symbol)))
			return f;
	return NULL;
}

const char *sandbox_failure(const struct sandbox *s, const char *file)
{
	vec_each (&s->facts.failures, f)
		if (!strcmp(f->file, file))
			return f->why;
	return NULL;
}
