seep_fuzz_target(xpress SOURCES fuzz_xpress.c LINK seep::trace)
