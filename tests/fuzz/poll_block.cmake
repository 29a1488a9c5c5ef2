seep_fuzz_target(poll_block SOURCES fuzz_poll_block.c LINK seep::store)
