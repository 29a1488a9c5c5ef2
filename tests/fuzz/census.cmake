seep_fuzz_target(census SOURCES fuzz_census.c LINK seep::trace)
