seep_fuzz_target(etl SOURCES fuzz_etl.c LINK seep::trace)
