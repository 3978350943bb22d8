#include "analyzer/cache.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <uthash.h>

#include "analyzer/clang.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#define CACHE_MAGIC 0x33486343u /* "CcH3" */

struct cache_file {
	char *path;
	struct digest digest;
	bool readable;
	UT_hash_handle hh;
};

struct header {
	uint32_t magic, includes;
	struct digest headers; /* of headers_nearby() */
};

void cache_init(struct cache *c, const char *directory)
{
	*c = (struct cache){ .directory = xstrdup(directory) };
	if (directory)
		c->version = clang_identity();
}

static void clear_files(struct cache_file **files)
{
	struct cache_file *f, *next;

	HASH_ITER (hh, *files, f, next) {
		HASH_DEL(*files, f);
		free(f->path);
		free(f);
	}
}

void cache_clear(struct cache *c)
{
	clear_files(&c->files);
	clear_files(&c->dirs);
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

/* Could it be found by #include? A directory can, as the first half of a name. */
static bool may_be_included(const struct dirent *entry)
{
	static const char *const suffixes[] = { ".h", ".inc", ".def", ".c", NULL };
	const char *dot = strrchr(entry->d_name, '.');

	if (entry->d_name[0] == '.')
		return false;
	if (entry->d_type == DT_DIR)
		return true;
	for (const char *const *s = suffixes; dot && *s; s++)
		if (!strcmp(dot, *s))
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One that is not there has no headers. */
static struct digest digest_names(const char *path)
{
	CLEANUP(cleanup_dir) DIR *dir = opendir(path);
	CLEANUP(strings_clear) struct strings names = { 0 };
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };
	struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (may_be_included(entry))
			strings_add(&names, entry->d_name);
	if (names.n)
		qsort(names.items, names.n, sizeof(*names.items), by_name);
	vec_each (&names, name)
		strbuf_addn(&all, *name, strlen(*name) + 1);
	return digest_bytes(strbuf_str(&all), all.len);
}

static const struct cache_file *look_into(struct cache *c, const char *path)
{
	struct cache_file *f;

	HASH_FIND_STR(c->dirs, path, f);
	if (f)
		return f;
	f = xcalloc(1, sizeof(*f));
	f->path = xstrdup(path);
	f->digest = digest_names(path);
	HASH_ADD_KEYPTR(hh, c->dirs, f->path, strlen(path), f);
	return f;
}

/* Directories of the system change with its packages, and are many. */
static void add_directory(struct strings *dirs, char *path)
{
	bool known = !strncmp(path, "/usr/", strlen("/usr/"));

	vec_each (dirs, dir)
		known |= !strcmp(*dir, path);
	if (!known)
		strings_add(dirs, path);
	free(path);
}

static void add_include_options(struct strings *dirs, const struct compdb_entry *entry)
{
	static const char *const options[] = { "-I", "-iquote", "-isystem", "-idirafter", NULL };

	for (size_t i = 0; i < entry->argv.n; i++)
		for (const char *const *o = options; *o; o++) {
			const char *value = entry->argv.items[i];

			if (strncmp(value, *o, strlen(*o)) != 0)
				continue;
			value += strlen(*o);
			if (!*value && i + 1 < entry->argv.n)
				value = entry->argv.items[++i];
			add_directory(dirs, path_join(entry->directory, value));
			break;
		}
}

/* Which headers the unit might have read, had it looked for their names: those in the directories of
 * its options, and of the files it read. */
static struct digest headers_nearby(struct cache *c, const struct compdb_entry *entry,
				    const struct tu *tu)
{
	CLEANUP(strings_clear) struct strings dirs = { 0 };
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };

	add_include_options(&dirs, entry);
	vec_each (&tu->includes, include) {
		const char *path = tu_string(tu, *include);
		const char *slash = strrchr(path, '/');

		if (slash)
			add_directory(&dirs, xstrndup(path, (size_t)(slash - path)));
	}
	vec_each (&dirs, dir) {
		const struct cache_file *f = look_into(c, *dir);

		strbuf_addn(&all, &f->digest, sizeof(f->digest));
	}
	return digest_bytes(strbuf_str(&all), all.len);
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

static bool decode(struct cache *c, const struct compdb_entry *entry, const struct strbuf *bytes,
		   struct tu *ret)
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
	if (tu.includes.n != h.includes || !unchanged(c, &tu, digests) ||
	    !digest_equal(h.headers, headers_nearby(c, entry, &tu)))
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
	return decode(c, entry, &bytes, ret);
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

static bool store(struct cache *c, const struct compdb_entry *entry, const struct tu *tu)
{
	CLEANUP(strbuf_clear) struct strbuf bytes = { 0 };
	CLEANUP(cleanup_free) char *path = NULL;
	struct header h = { .magic = CACHE_MAGIC, .includes = (uint32_t)tu->includes.n };
	struct error *err;

	if (tu->problem || !tu->includes.n || !make_directory(c->directory))
		return false;
	h.headers = headers_nearby(c, entry, tu);
	strbuf_addn(&bytes, &h, sizeof(h));
	vec_each (&tu->includes, include) {
		const struct cache_file *f = look_at(c, tu_string(tu, *include));

		if (!f->readable)
			return false;
		strbuf_addn(&bytes, &f->digest, sizeof(f->digest));
	}
	tu_write(tu, &bytes);
	path = entry_path(c, entry);
	err = file_write(path, bytes.s, bytes.len);
	if (err)
		log_debug("not cached: %s", err->message);
	error_free(err);
	return true;
}

void cache_store(struct cache *c, const struct compdb_entry *entry, const struct tu *tu)
{
	if (c->directory && !store(c, entry, tu))
		c->in_part = true;
}

/* What a unit read before, and is gone now, is no part of the answer. */
static void put_files(const struct cache_file *files, bool all, struct strbuf *out)
{
	size_t n = 0;

	for (const struct cache_file *f = files; f; f = f->hh.next)
		n += all || f->readable;
	record_put_number(out, n);
	for (const struct cache_file *f = files; f; f = f->hh.next) {
		if (!all && !f->readable)
			continue;
		record_put_text(out, f->path);
		strbuf_addn(out, &f->digest, sizeof(f->digest));
	}
}

void cache_seen_put(const struct cache *c, struct strbuf *out)
{
	put_files(c->files, false, out);
	put_files(c->dirs, true, out);
}

static bool seen_unchanged(struct cache *c, struct record_reader *r,
			   const struct cache_file *(*look)(struct cache *, const char *))
{
	size_t n = record_count(r);
	bool same = true;

	for (size_t i = 0; i < n && same && !r->bad; i++) {
		CLEANUP(cleanup_free) char *path = record_text(r);
		struct digest digest;

		record_bytes(r, &digest, sizeof(digest));
		same = path && digest_equal(look(c, path)->digest, digest);
	}
	return same && !r->bad;
}

bool cache_seen_unchanged(struct cache *c, struct record_reader *r)
{
	return seen_unchanged(c, r, look_at) && seen_unchanged(c, r, look_into);
}
