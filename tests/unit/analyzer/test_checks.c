/*
 * What a fixture with one file and this machine's C library cannot show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "sandbox.h"

static void the_c_library_decides_what_is_safe(void **state)
{
	static const struct {
		const char *glibc;
		size_t found;
	} cases[] = { { "2.31", 2 }, { "2.32", 1 }, { "2.36", 1 }, { "3.0", 1 }, { "1.99", 2 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sandbox s;
		const struct fact *f;

		sandbox_init(&s);
		s.glibc = cases[i].glibc;
		sandbox_unit(&s, "a.c", "",
			     "#include <string.h>\nconst char *f(char *s, int e)\n{\n"
			     "\treturn strtok(s, \" \") ? strerror(e) : s;\n}\n");
		sandbox_run(&s);
		assert_null(s.err);
		assert_int_equal(facts_count(&s.facts, "mt-unsafe-call"), cases[i].found);
		assert_non_null(sandbox_fact(&s, "mt-unsafe-call", "strtok"));
		f = sandbox_fact(&s, "mt-unsafe-call", "strerror");
		if (f)
			assert_string_equal(f->detail,
					    "strerror() is not thread-safe before glibc 2.32: it "
					    "returns a shared buffer");
		sandbox_clear(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_c_library_decides_what_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
