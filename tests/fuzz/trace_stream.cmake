seep_fuzz_target(trace_stream SOURCES fuzz_trace_stream.c LINK seep::trace)
