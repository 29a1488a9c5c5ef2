seep_fuzz_target(pe SOURCES fuzz_pe.c LINK seep::trace)
