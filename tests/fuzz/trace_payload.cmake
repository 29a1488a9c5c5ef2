seep_fuzz_target(trace_payload SOURCES fuzz_trace_payload.c LINK seep::trace)
