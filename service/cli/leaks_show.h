/* `leaks --id N` for people: one case in full, on the standard output. */
#ifndef SEEP_SERVICE_LEAKS_SHOW_H
#define SEEP_SERVICE_LEAKS_SHOW_H

#include "leaks_facts.h"

void seep_leaks_show(const seep_leaks_fact *fact);

#endif
