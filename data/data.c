#include "data/data.h"

/* The tables themselves are assembled in by concur_embed(); this file gives the library its C part.
 */
const char *const data_tables[] = { data_functions_tsv, data_gcc_options_txt, data_wait_sites_tsv,
				    data_table_tsv, data_wait_calls_tsv };
