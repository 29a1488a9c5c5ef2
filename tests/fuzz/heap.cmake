set(images ${CMAKE_SOURCE_DIR}/tests/unit/memory)
seep_fuzz_target(heap
  SOURCES fuzz_heap.c ${images}/image.c ${images}/image_nt.c ${images}/image_segment.c ${images}/image_process.c
  LINK seep::memory)
