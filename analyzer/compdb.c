#include "analyzer/compdb.h"

#include <jansson.h>
#include <string.h>
#include <uthash.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"

#define DATABASE "compile_commands.json"

void compdb_entry_clear(struct compdb_entry *entry)
{
	free(entry->directory);
	free(entry->file);
	free(entry->output);
	free(entry->source);
	strings_clear(&entry->argv);
	*entry = (struct compdb_entry){ 0 };
}

void compdb_clear(struct compdb *db)
{
	vec_each (db, entry)
		compdb_entry_clear(entry);
	vec_clear(db);
	free(db->directory);
	free(db->root);
	db->directory = db->root = NULL;
	strings_clear(&db->not_c);
}

static void cleanup_json(json_t **json)
{
	json_decref(*json);
}

/* Split as a POSIX shell does, without expansions. False: a quote is not closed. */
static bool split_command(const char *s, struct strings *ret)
{
	CLEANUP(strbuf_clear) struct strbuf word = { 0 };
	bool in_word = false;
	char quote = 0;

	for (; *s; s++) {
		if (!quote && strchr(" \t\n", *s)) {
			if (in_word)
				strings_add(ret, strbuf_str(&word));
			strbuf_reset(&word);
			in_word = false;
			continue;
		}
		in_word = true;
		if (*s == '\\' && quote != '\'' && s[1]) {
			/* Inside "..." a backslash is special only before these. */
			if (quote && !strchr("\"\\$`\n", s[1]))
				strbuf_addch(&word, '\\');
			strbuf_addch(&word, *++s);
		} else if (*s == quote) {
			quote = 0;
		} else if (!quote && (*s == '"' || *s == '\'')) {
			quote = *s;
		} else {
			strbuf_addch(&word, *s);
		}
	}
	if (in_word)
		strings_add(ret, strbuf_str(&word));
	return !quote;
}

static bool one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

static bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}

/* Options whose value is the next argument, other than those dropped. */
bool compdb_takes_value(const char *arg)
{
	static const char *const options[] = { "-I",
					       "-D",
					       "-U",
					       "-include",
					       "-imacros",
					       "-isystem",
					       "-iquote",
					       "-idirafter",
					       "-iprefix",
					       "-isysroot",
					       "-x",
					       "-Xclang",
					       "-target",
					       "-arch",
					       "-L",
					       "-l",
					       "-T",
					       "-u",
					       "-z",
					       "-Xlinker",
					       "-Xassembler",
					       "-Xpreprocessor",
					       "-A",
					       "--param",
					       "--sysroot",
					       "-iwithprefix",
					       "-iwithprefixbefore",
					       "-B",
					       "-F",
					       NULL };

	return one_of(arg, options);
}

/* How many arguments from arg on only say what to write, or what to warn of. */
static size_t irrelevant(const char *arg)
{
	static const char *const with_value[] = { "-o",        "-MF",      "-MT",
						  "-MQ",       "-MJ",      "-aux-info",
						  "-dumpbase", "-dumpdir", "-dumpbase-ext",
						  "-wrapper",  NULL };
	static const char *const alone[] = { "-c", "-S",  "-E",  "-MD",   "-MMD", "-MP", "-MG",
					     "-M", "-MM", "-MV", "-pipe", "--",   NULL };

	if (one_of(arg, with_value))
		return 2;
	if (one_of(arg, alone) || starts_with(arg, "-MF") || starts_with(arg, "-MT") ||
	    starts_with(arg, "-MQ") || starts_with(arg, "-o") || starts_with(arg, "-save-temps") ||
	    starts_with(arg, "--save-temps") || starts_with(arg, "-Wp,-M"))
		return 1;
	/* -Wp, may define macros; -Wa, and -Wl, speak to other tools; all the rest are warnings. */
	return starts_with(arg, "-W") && !starts_with(arg, "-Wp,") ? 1 : 0;
}

static bool is_launcher(const char *arg)
{
	static const char *const launchers[] = { "ccache", "sccache", "distcc", "icecc", NULL };
	const char *slash = strrchr(arg, '/');

	return one_of(slash ? slash + 1 : arg, launchers);
}

/* Is this non-option argument an input of the compiler or the linker? */
static bool is_input(const char *arg, const struct compdb_entry *entry)
{
	static const char *const suffixes[] = { ".c", ".i", ".o",  ".lo",  ".a",   ".so",
						".S", ".s", ".cc", ".cpp", ".cxx", NULL };
	CLEANUP(cleanup_free) char *joined = path_join(entry->directory, arg);
	CLEANUP(cleanup_free) char *path = path_absolute(joined);

	if (!strcmp(path, entry->file))
		return true;
	for (const char *const *s = suffixes; *s; s++)
		if (ends_with(arg, *s))
			return true;
	return false;
}

static void clean_argv(const struct strings *raw, struct compdb_entry *entry)
{
	size_t i = 0;

	if (raw->n > 1 && is_launcher(raw->items[0]) && raw->items[1][0] != '-')
		i = 1;
	strings_add(&entry->argv, raw->items[i++]);
	while (i < raw->n) {
		const char *arg = raw->items[i];
		size_t drop = irrelevant(arg);

		if (drop) {
			i += drop;
		} else if (arg[0] != '-' && arg[0] != '@' && is_input(arg, entry)) {
			i++;
		} else {
			strings_add(&entry->argv, arg);
			i++;
			if (compdb_takes_value(arg) && i < raw->n)
				strings_add(&entry->argv, raw->items[i++]);
		}
	}
}

/* "c" unless -x or the name says otherwise; NULL: not for a C or C++ compiler at all. */
static const char *language(const struct compdb_entry *entry)
{
	static const char *const cxx[] = { ".cc", ".cpp", ".cxx", ".C", ".c++",
					   ".cu", ".m",   ".mm",  NULL };

	for (size_t i = 0; i + 1 < entry->argv.n; i++)
		if (!strcmp(entry->argv.items[i], "-x"))
			return starts_with(entry->argv.items[i + 1], "assembler")
				       ? NULL
				       : entry->argv.items[i + 1];
	if (ends_with(entry->file, ".S") || ends_with(entry->file, ".s") ||
	    ends_with(entry->file, ".asm"))
		return NULL;
	for (const char *const *s = cxx; *s; s++)
		if (ends_with(entry->file, *s))
			return "c++";
	return "c";
}

static struct error *raw_argv(const json_t *item, struct strings *ret)
{
	json_t *arguments = json_object_get(item, "arguments");
	const char *command = json_string_value(json_object_get(item, "command"));
	size_t i;
	json_t *arg;

	json_array_foreach (arguments, i, arg) {
		if (!json_is_string(arg))
			return error_new(ERROR_INPUT, "\"arguments\" holds something not a string");
		strings_add(ret, json_string_value(arg));
	}
	if (!arguments && command && !split_command(command, ret))
		return error_new(ERROR_INPUT, "\"command\" has an unclosed quote");
	if (!ret->n)
		return error_new(ERROR_INPUT, "neither \"arguments\" nor \"command\"");
	return NULL;
}

/* As the entry says, or else its -o. Owned by the caller. */
static char *find_output(const json_t *item, const struct strings *argv, const char *directory)
{
	const char *output = json_string_value(json_object_get(item, "output"));
	CLEANUP(cleanup_free) char *joined = NULL;

	for (size_t i = 0; !output && i + 1 < argv->n; i++)
		if (!strcmp(argv->items[i], "-o"))
			output = argv->items[i + 1];
	joined = output ? path_join(directory, output) : NULL;
	return joined ? path_absolute(joined) : NULL;
}

static struct error *read_entry(const json_t *item, const char *base, struct compdb_entry *ret)
{
	const char *directory = json_string_value(json_object_get(item, "directory"));
	const char *file = json_string_value(json_object_get(item, "file"));
	CLEANUP(strings_clear) struct strings raw = { 0 };
	CLEANUP(cleanup_free) char *joined_dir = NULL;
	CLEANUP(cleanup_free) char *joined = NULL;
	struct error *err;

	if (!json_is_object(item))
		return error_new(ERROR_INPUT, "not an object");
	if (!file || !*file)
		return error_new(ERROR_INPUT, "no \"file\"");
	err = raw_argv(item, &raw);
	if (err)
		return error_wrap(err, "%s", file);
	joined_dir = path_join(base, directory ? directory : ".");
	ret->directory = path_absolute(joined_dir);
	joined = path_join(ret->directory, file);
	ret->file = path_absolute(joined);
	ret->output = find_output(item, &raw, ret->directory);
	clean_argv(&raw, ret);
	return NULL;
}

struct seen {
	char hex[DIGEST_HEX];
	UT_hash_handle hh;
};

static void cleanup_seen(struct seen **seen)
{
	struct seen *s, *next;

	HASH_ITER (hh, *seen, s, next) {
		HASH_DEL(*seen, s);
		free(s);
	}
}

/* True the first time an entry like this comes by. Two builds of one file with other flags differ. */
static bool first_of_its_kind(struct seen **seen, const struct compdb_entry *entry)
{
	CLEANUP(strbuf_clear) struct strbuf all = { 0 };
	struct seen *s = xcalloc(1, sizeof(*s));
	struct seen *found;

	strbuf_addn(&all, entry->file, strlen(entry->file) + 1);
	vec_each (&entry->argv, arg)
		strbuf_addn(&all, *arg, strlen(*arg) + 1);
	digest_hex(digest_bytes(all.s, all.len), s->hex);
	HASH_FIND_STR(*seen, s->hex, found);
	if (found) {
		free(s);
		return false;
	}
	HASH_ADD_STR(*seen, hex, s);
	return true;
}

/* Where a and b part, at a '/': the length of the directory that both lie in. */
static size_t common_directory(const char *a, const char *b)
{
	size_t common = 0, i = 0;

	for (; a[i] && a[i] == b[i]; i++) {
		if (a[i] == '/')
			common = i;
	}
	return (!a[i] && b[i] == '/') || (!a[i] && !b[i]) ? i : common;
}

/* An in-source build's root is the database's own directory, and so it is when nothing but "/" is shared. */
static char *common_root(const struct compdb *db)
{
	CLEANUP(cleanup_free) char *root = xstrdup(db->directory);

	vec_each (db, entry)
		root[common_directory(root, entry->file)] = '\0';
	return *root ? MOVE(root) : xstrdup(db->directory);
}

struct error *compdb_parse(const char *json, size_t n, const char *directory, struct compdb *ret)
{
	CLEANUP(compdb_clear) struct compdb db = { 0 };
	CLEANUP(cleanup_seen) struct seen *seen = NULL;
	json_error_t why;
	CLEANUP(cleanup_json) json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &why);
	size_t i;
	json_t *item;

	if (!root)
		return error_new(ERROR_INPUT, "line %d: %s", why.line, why.text);
	if (!json_is_array(root))
		return error_new(ERROR_INPUT, "not a list of compile commands");
	json_array_foreach (root, i, item) {
		CLEANUP(compdb_entry_clear) struct compdb_entry entry = { 0 };
		struct error *err = read_entry(item, directory, &entry);
		const char *lang;

		if (err)
			return error_wrap(err, "entry %zu", i + 1);
		lang = language(&entry);
		if (!lang || !first_of_its_kind(&seen, &entry))
			continue;
		if (strcmp(lang, "c") != 0 && strcmp(lang, "cpp-output") != 0) {
			strings_add(&db.not_c, entry.file);
			continue;
		}
		vec_push(&db, entry);
		entry = (struct compdb_entry){ 0 }; /* now the database's */
	}
	db.directory = xstrdup(directory);
	db.root = common_root(&db);
	*ret = db;
	db = (struct compdb){ 0 }; /* now the caller's */
	return NULL;
}

static struct error *find(const char *build_dir, const char *start_dir, char **ret)
{
	CLEANUP(cleanup_free)
	char *dir = path_absolute(build_dir ? build_dir : start_dir ? start_dir : ".");
	char *found = build_dir ? path_join(dir, DATABASE) : path_find_upward(dir, DATABASE);

	if (found && file_exists(found)) {
		*ret = found;
		return NULL;
	}
	free(found);
	return error_hint(error_new(ERROR_USAGE, "no " DATABASE " in %s%s", dir,
				    build_dir ? "" : " or above"),
			  "run: bear -- make   (or cmake -DCMAKE_EXPORT_COMPILE_COMMANDS=ON), or "
			  "give -p DIR");
}

struct error *compdb_load(const char *build_dir, const char *start_dir, struct compdb *ret)
{
	CLEANUP(cleanup_free) char *path = NULL;
	CLEANUP(cleanup_free) char *dir = NULL;
	CLEANUP(strbuf_clear) struct strbuf text = { 0 };
	struct error *err = find(build_dir, start_dir, &path);

	if (err)
		return err;
	err = file_read(path, &text);
	if (err)
		return err;
	dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	err = compdb_parse(strbuf_str(&text), text.len, *dir ? dir : "/", ret);
	if (err)
		return error_hint(error_wrap(err, "%s", path),
				  "make it again: bear -- make (after a clean build)");
	if (!ret->n) {
		size_t left_out = ret->not_c.n;

		compdb_clear(ret);
		return error_hint(
			error_new(ERROR_INPUT, "%s names no C file%s", path,
				  left_out ? " (only C++, which concur does not read)" : ""),
			"clean and build again: make clean; bear -- make");
	}
	return NULL;
}

struct error *compdb_of_files(char *const *files, size_t n, char *const *flags, struct compdb *ret)
{
	CLEANUP(compdb_clear) struct compdb db = { 0 };

	db.directory = path_absolute(".");
	for (size_t i = 0; i < n; i++) {
		CLEANUP(strings_clear) struct strings raw = { 0 };
		struct compdb_entry entry = { .directory = xstrdup(db.directory),
					      .file = path_absolute(files[i]) };

		strings_add(&raw, "cc");
		for (char *const *flag = flags; *flag; flag++)
			strings_add(&raw, *flag);
		clean_argv(&raw, &entry);
		vec_push(&db, entry);
		if (!file_exists(entry.file))
			return error_new(ERROR_USAGE, "no such file: %s", files[i]);
		if (!language(&entry) || strcmp(language(&entry), "c") != 0)
			return error_new(ERROR_USAGE, "not C: %s", files[i]);
	}
	db.root = common_root(&db);
	*ret = db;
	db = (struct compdb){ 0 }; /* now the caller's */
	return NULL;
}

/* Marks what `name` selects; false: nothing. */
static bool mark_selected(const struct compdb *db, const char *name, bool *entries, bool *not_c)
{
	CLEANUP(cleanup_free) char *path = path_absolute(name);
	size_t n = strlen(path);
	bool any = false;

	for (size_t i = 0; i < db->n + db->not_c.n; i++) {
		const char *file = i < db->n ? db->items[i].file : db->not_c.items[i - db->n];

		if (strncmp(file, path, n) != 0 || (file[n] && file[n] != '/'))
			continue;
		*(i < db->n ? &entries[i] : &not_c[i - db->n]) = any = true;
	}
	return any;
}

static void keep_marked(struct compdb *db, const bool *entries, const bool *not_c)
{
	size_t kept = 0;

	for (size_t i = 0; i < db->n; i++) {
		if (entries[i])
			db->items[kept++] = db->items[i];
		else
			compdb_entry_clear(&db->items[i]);
	}
	db->n = kept;
	kept = 0;
	for (size_t i = 0; i < db->not_c.n; i++) {
		if (not_c[i])
			db->not_c.items[kept++] = db->not_c.items[i];
		else
			free(db->not_c.items[i]);
	}
	db->not_c.n = kept;
}

struct error *compdb_select(struct compdb *db, char *const *files, size_t n)
{
	CLEANUP(cleanup_free) bool *entries = xcalloc(db->n + 1, sizeof(*entries));
	CLEANUP(cleanup_free) bool *not_c = xcalloc(db->not_c.n + 1, sizeof(*not_c));

	for (size_t i = 0; i < n; i++)
		if (!mark_selected(db, files[i], entries, not_c))
			return error_hint(error_new(ERROR_USAGE, "%s is not in %s/" DATABASE,
						    files[i], db->directory),
					  "say how it is compiled: concur analyze %s -- FLAGS",
					  files[i]);
	keep_marked(db, entries, not_c);
	return NULL;
}

void compdb_shard(struct compdb *db, unsigned i, unsigned n)
{
	CLEANUP(cleanup_free) bool *entries = xcalloc(db->n + 1, sizeof(*entries));
	CLEANUP(cleanup_free) bool *not_c = xcalloc(db->not_c.n + 1, sizeof(*not_c));

	for (size_t k = 0; k < db->n; k++)
		entries[k] = k % n == i - 1;
	for (size_t k = 0; k < db->not_c.n; k++)
		not_c[k] = (db->n + k) % n == i - 1;
	keep_marked(db, entries, not_c);
}

size_t compdb_place(size_t k, unsigned i, unsigned n)
{
	return k * n + i - 1;
}
