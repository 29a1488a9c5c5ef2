seep_fuzz_target(trace_analysis SOURCES fuzz_trace_analysis.c LINK seep::trace)
