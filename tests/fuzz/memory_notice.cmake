seep_fuzz_target(memory_notice SOURCES fuzz_memory_notice.c LINK seep::observe)
