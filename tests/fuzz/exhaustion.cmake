seep_fuzz_target(exhaustion SOURCES fuzz_exhaustion.c LINK seep::observe)
