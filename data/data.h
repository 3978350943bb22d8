/*
 * data.h - the embedded tables, NUL-terminated text
 */
#ifndef DATA_DATA_H
#define DATA_DATA_H

#include <stddef.h>

extern const char data_functions_tsv[];   /* effects of library functions: analyzer */
extern const char data_gcc_options_txt[]; /* options that clang does not know: analyzer */
extern const char data_wait_sites_tsv[];  /* kernel symbol -> wait kind: profiler */
extern const char data_streams_tsv[];     /* which streams can be cut: advisor */
extern const char data_table_tsv[];       /* when to use what: advisor */
extern const char data_wait_calls_tsv[];  /* what a wait in a library function is about: advisor */

#endif
