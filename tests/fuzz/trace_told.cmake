seep_fuzz_target(trace_told SOURCES fuzz_trace_told.c LINK seep::report)
