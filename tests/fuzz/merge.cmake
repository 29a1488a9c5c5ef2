seep_fuzz_target(merge SOURCES fuzz_merge.c LINK seep::trace)
