seep_fuzz_target(promise SOURCES fuzz_promise.c LINK seep::capture)
