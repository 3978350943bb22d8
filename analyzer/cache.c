#include "analyzer/cache.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#include "analyzer/clang.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#define CACHE_MAGIC 0x31486343u /* "CcH1" */

struct cache_file {
	char *path;
	struct digest digest;
	bool readable;
	UT_hash_handle hh;
};

struct header {
	uint32_t magic, includes;
};

void cache_init(struct cache *c, const char *directory)
{
	*c = (struct cache){ .directory = xstrdup(directory) };
	if (directory)
		c->version = clang_version();
}

void cache_clear(struct cache *c)
{
	struct cache_file *f, *next;

	HASH_ITER (hh, c->files, f, next) {
		HASH_DEL(c->files, f);
		free(f->path);
		free(f);
	}
	free(c->directory);
	free(c->version);
	*c = (struct cache){ 0 };
}

/* Each file is read once a run, however many units include it. */
static const struct cache_file *look_at(struct cache *c, const char *path)
{
	struct cache_file *f;
	struct error *err;

	HASH_FIND_STR(c->files, path, f);
	if (f)
		return f;
	f = xcalloc(1, sizeof(*f));
	f->path = xstrdup(path);
	err = digest_file(path, &f->digest);
	f->readable = !err;
	error_free(err);
	HASH_ADD_KEYPTR(hh, c->files, f->path, strlen(f->path), f);
	return f;
}

static char *entry_path(const struct cache *c, const struct compdb_entry *entry)
{
	CLEANUP(strbuf_clear) struct strbuf key = { 0 };
	char hex[DIGEST_HEX];

	strbuf_addf(&key, "%s\n%s\n%zu %zu\n%s\n%s\n", CONCUR_VERSION, c->version,
		    sizeof(struct event), sizeof(struct symbol), entry->directory, entry->file);
	vec_each (&entry->argv, arg)
		strbuf_addn(&key, *arg, strlen(*arg) + 1);
	digest_hex(digest_bytes(key.s, key.len), hex);
	return xasprintf("%s/%s.tu", c->directory, hex);
}

static bool unchanged(struct cache *c, const struct tu *tu, const struct digest *digests)
{
	for (size_t i = 0; i < tu->includes.n; i++) {
		const struct cache_file *f = look_at(c, tu_string(tu, tu->includes.items[i]));

		if (!f->readable || !digest_equal(f->digest, digests[i]))
			return false;
	}
	return true;
}

static bool decode(struct cache *c, const struct strbuf *bytes, struct tu *ret)
{
	CLEANUP(cleanup_free) struct digest *digests = NULL;
	CLEANUP(tu_clear) struct tu tu = { 0 };
	struct header h;
	struct error *err;
	size_t size;

	if (bytes->len < sizeof(h))
		return false;
	memcpy(&h, bytes->s, sizeof(h));
	size = (size_t)h.includes * sizeof(struct digest);
	if (h.magic != CACHE_MAGIC || !h.includes || size > bytes->len - sizeof(h))
		return false;
	digests = xmalloc(size);
	memcpy(digests, bytes->s + sizeof(h), size);
	err = tu_read(bytes->s + sizeof(h) + size, bytes->len - sizeof(h) - size, &tu);
	if (err) {
		error_free(err);
		return false;
	}
	if (tu.includes.n != h.includes || !unchanged(c, &tu, digests))
		return false;
	*ret = tu;
	tu = (struct tu){ 0 }; /* now the caller's */
	return true;
}

bool cache_load(struct cache *c, const struct compdb_entry *entry, struct tu *ret)
{
	CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };
	CLEANUP(cleanup_free) char *path = NULL;
	struct error *err;

	if (!c->directory)
		return false;
	path = entry_path(c, entry);
	if (!file_exists(path))
		return false;
	err = file_read(path, &bytes);
	if (err) {
		error_free(err);
		return false;
	}
	return decode(c, &bytes, ret);
}

static bool make_directory(const char *directory)
{
	CLEANUP(cleanup_free) char *path = xstrdup(directory);

	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0777);
		*slash = '/';
	}
	return mkdir(path, 0777) == 0 || errno == EEXIST;
}

void cache_store(struct cache *c, const struct compdb_entry *entry, const struct tu *tu)
{
	CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };
	CLEANUP(cleanup_free) char *path = NULL;
	struct header h = { .magic = CACHE_MAGIC, .includes = (uint32_t)tu->includes.n };
	struct error *err;

	if (!c->directory || tu->problem || !tu->includes.n || !make_directory(c->directory))
		return;
	strbuf_addn(&bytes, &h, sizeof(h));
	vec_each (&tu->includes, include) {
		const struct cache_file *f = look_at(c, tu_string(tu, *include));

		if (!f->readable)
			return;
		strbuf_addn(&bytes, &f->digest, sizeof(f->digest));
	}
	tu_write(tu, &bytes);
	path = entry_path(c, entry);
	err = file_write(path, bytes.s, bytes.len);
	if (err)
		log_debug("not cached: %s", err->message);
	error_free(err);
}
