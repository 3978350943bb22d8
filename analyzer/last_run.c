#include "analyzer/last_run.h"

#include <string.h>
#include <sys/stat.h>

#include "analyzer/project.h"
#include "analyzer/record.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "data/data.h"

#define LAST_RUN_MAGIC 0x32526c63u /* "clR2" */

/* Two builds of one version may hold different checks. */
static void add_program(struct strbuf *key)
{
	struct stat st = { 0 };

	stat("/proc/self/exe", &st);
	record_put_text(key, CONCUR_VERSION);
	record_put_number(key, (uint64_t)st.st_size);
	record_put_number(key, (uint64_t)st.st_mtim.tv_sec);
	record_put_number(key, (uint64_t)st.st_mtim.tv_nsec);
}

static void add_own_catalogue(struct strbuf *key, const char *root)
{
	CLEANUP(cleanup_free) char *path = project_find(root);
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };

	if (path)
		error_free(file_read(path, &text)); /* whoever uses it will say so */
	record_put_text(key, path);
	record_put_text(key, strbuf_str(&text));
}

static struct digest digest_of(const struct strbuf *key)
{
	return digest_bytes(strbuf_str(key), key->len);
}

static struct digest place_of(const struct compdb *db, const struct analyzer_options *opt)
{
	CLEANUP(strbuf_clear) struct strbuf key = { 0 };

	record_put_text(&key, db->directory);
	record_put_text(&key, db->root);
	for (size_t i = 0; i < opt->files_n; i++)
		record_put_text(&key, opt->files[i]);
	record_put_number(&key, opt->flags != NULL);
	record_put_number(&key, opt->shards ? opt->shard : 0);
	record_put_number(&key, opt->shards);
	return digest_of(&key);
}

struct last_run last_run_of(const struct cache *c, const struct compdb *db,
			    const struct analyzer_options *opt, const char *glibc)
{
	CLEANUP(strbuf_clear) struct strbuf key = { 0 };

	add_program(&key);
	record_put_text(&key, c->version);
	record_put_text(&key, glibc);
	record_put_text(&key, data_functions_tsv);
	add_own_catalogue(&key, db->root);
	vec_each (db, entry) {
		record_put_text(&key, entry->directory);
		record_put_text(&key, entry->file);
		record_put_number(&key, entry->argv.n);
		vec_each (&entry->argv, arg)
			record_put_text(&key, *arg);
	}
	vec_each (&db->not_c, file)
		record_put_text(&key, *file);
	return (struct last_run){ .place = place_of(db, opt), .question = digest_of(&key) };
}

static void put_fact(struct strbuf *out, const struct fact *f)
{
	record_put_text(out, f->check);
	record_put_text(out, f->file);
	record_put_number(out, (uint64_t)f->line);
	record_put_number(out, (uint64_t)f->column);
	record_put_text(out, f->function);
	record_put_text(out, f->symbol);
	record_put_text(out, f->effect);
	record_put_text(out, f->detail);
	record_put_text(out, f->advice);
	record_put_text(out, f->macro);
	record_put_text(out, f->excuse);
	record_put_number(out, f->sites.n);
	vec_each (&f->sites, site) {
		record_put_text(out, site->file);
		record_put_number(out, (uint64_t)site->line);
		record_put_text(out, site->function);
		record_put_text(out, site->access);
	}
}

static void read_fact(struct record_reader *r, struct fact *f)
{
	size_t sites;

	*f = (struct fact){ .check = record_text(r), .file = record_text(r) };
	f->line = (int)record_number(r);
	f->column = (int)record_number(r);
	f->function = record_text(r);
	f->symbol = record_text(r);
	f->effect = record_text(r);
	f->detail = record_text(r);
	f->advice = record_text(r);
	f->macro = record_text(r);
	f->excuse = record_text(r);
	sites = record_count(r);
	for (size_t i = 0; i < sites && !r->bad; i++) {
		struct fact_site *site = vec_add(&f->sites);

		*site = (struct fact_site){ .file = record_text(r) };
		site->line = (int)record_number(r);
		site->function = record_text(r);
		site->access = record_text(r);
	}
}

static void put_facts(struct strbuf *out, const struct facts *facts)
{
	record_put_text(out, facts->root);
	record_put_number(out, facts->units);
	record_put_number(out, facts->suppressed);
	record_put_number(out, facts->failures.n);
	vec_each (&facts->failures, failure) { /* all of them left out */
		record_put_text(out, failure->file);
		record_put_text(out, failure->why);
	}
	record_put_number(out, facts->n);
	vec_each (facts, f)
		put_fact(out, f);
	record_put_number(out, facts->silenced.n);
	vec_each (&facts->silenced, f)
		put_fact(out, f);
}

static void read_facts(struct record_reader *r, struct facts *ret)
{
	size_t n;

	ret->analysed = true;
	ret->root = record_text(r);
	ret->units = record_number(r);
	ret->suppressed = record_number(r);
	n = record_count(r);
	for (size_t i = 0; i < n && !r->bad; i++) {
		struct unit_failure *f = vec_add(&ret->failures);

		*f = (struct unit_failure){ .file = record_text(r), .left_out = true };
		f->why = record_text(r);
	}
	n = record_count(r);
	for (size_t i = 0; i < n && !r->bad; i++)
		read_fact(r, vec_add(ret));
	n = record_count(r);
	for (size_t i = 0; i < n && !r->bad; i++)
		read_fact(r, vec_add(&ret->silenced));
}

static char *path_of(const struct cache *c, const struct last_run *run)
{
	char hex[DIGEST_HEX];

	digest_hex(run->place, hex);
	return xasprintf("%s/%s.run", c->directory, hex);
}

struct head {
	uint64_t magic;
	struct digest question, body;
};

bool last_run_load(struct cache *c, struct last_run run, struct facts *ret)
{
	CLEANUP(cleanup_free) char *path = c->directory ? path_of(c, &run) : NULL;
	CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };
	CLEANUP(facts_clear) struct facts facts = { 0 };
	struct record_reader r;
	struct head head;

	if (!path || !file_exists(path))
		return false;
	error_free(file_read(path, &bytes)); /* what was read is judged below */
	r = (struct record_reader){ .at = bytes.s, .end = bytes.s + bytes.len };
	record_bytes(&r, &head, sizeof(head));
	if (r.bad || head.magic != LAST_RUN_MAGIC || !digest_equal(head.question, run.question) ||
	    !digest_equal(head.body, digest_bytes(r.at, (size_t)(r.end - r.at))) ||
	    !cache_seen_unchanged(c, &r))
		return false;
	read_facts(&r, &facts);
	if (r.bad || r.at != r.end)
		return false;
	*ret = facts;
	facts = (struct facts){ 0 }; /* now the caller's */
	return true;
}

void last_run_store(struct cache *c, struct last_run run, const struct facts *facts)
{
	CLEANUP(strbuf_clear) struct strbuf body = { 0 };
	CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };
	CLEANUP(cleanup_free) char *path = NULL;
	struct head head = { .magic = LAST_RUN_MAGIC, .question = run.question };

	if (!c->directory || c->in_part || facts_failed(facts))
		return;
	cache_seen_put(c, &body);
	put_facts(&body, facts);
	head.body = digest_of(&body);
	strbuf_addn(&bytes, &head, sizeof(head));
	strbuf_addn(&bytes, body.s, body.len);
	path = path_of(c, &run);
	error_free(file_write(path, bytes.s, bytes.len));
}
