/* Language runtimes that keep memory of their own, told by the file name of a loaded module. */
#ifndef SEEP_MEMORY_RUNTIME_H
#define SEEP_MEMORY_RUNTIME_H

/* SEEP_RUNTIME_* of memory/target.h, or 0. name: UTF-8, with or without folders in front. */
unsigned seep_runtime_of_module(const char *name);

#endif
