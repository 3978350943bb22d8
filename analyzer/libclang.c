#include "analyzer/libclang.h"

#include <dlfcn.h>
#include <link.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"

// concur: ignore[shared-state] set once, before workers are forked
struct libclang libclang;

static const struct {
	const char *name;
	size_t at;
} functions[] = {
#define X(function) { #function, offsetof(struct libclang, function##_) },
	LIBCLANG_FUNCTIONS(X)
#undef X
};

// concur: ignore[shared-state] likewise
static void *handle; /* never closed: LLVM does not take that well */

/* Where it was when concur was built, or else where the loader finds one of this name. */
static void *open_library(void)
{
	void *found = dlopen(LIBCLANG_PATH, RTLD_LAZY | RTLD_LOCAL);

	return found ? found : dlopen(strrchr(LIBCLANG_PATH, '/') + 1, RTLD_LAZY | RTLD_LOCAL);
}

struct error *libclang_load(void)
{
	if (handle)
		return NULL;
	handle = open_library();
	if (!handle)
		return error_hint(error_new(ERROR_MACHINE, "cannot load libclang: %s", dlerror()),
				  "apt-get install libclang1-19");
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		void *function = dlsym(handle, functions[i].name);

		if (!function)
			return error_new(ERROR_MACHINE, "libclang has no %s()", functions[i].name);
		memcpy((char *)&libclang + functions[i].at, &function, sizeof(function));
	}
	return NULL;
}

char *libclang_identity(void)
{
	const char *path = LIBCLANG_PATH;
	struct link_map *map;
	struct stat st;

	if (stat(path, &st)) {
		struct error *err = libclang_load();

		if (err || dlinfo(handle, RTLD_DI_LINKMAP, &map) || stat(map->l_name, &st)) {
			error_free(err);
			return xstrdup("none");
		}
		path = map->l_name;
	}
	return xasprintf("%s %lld %lld", path, (long long)st.st_size, (long long)st.st_mtime);
}
