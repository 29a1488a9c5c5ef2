seep_fuzz_target(poll_row SOURCES fuzz_poll_row.c LINK seep::store dep::zlib)
