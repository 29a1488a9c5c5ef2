seep_fuzz_target(block SOURCES fuzz_block.c LINK seep::store dep::zlib)
