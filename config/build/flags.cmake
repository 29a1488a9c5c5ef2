# Flags as interface targets, linked PRIVATE by every target of ours; third-party code never sees them.
add_library(seep_flags INTERFACE)
add_library(seep::flags ALIAS seep_flags)

if(MSVC)
  target_compile_options(seep_flags INTERFACE /W4 /sdl /guard:cf /utf-8)
  target_compile_definitions(seep_flags INTERFACE _CRT_SECURE_NO_WARNINGS)
else()
  target_compile_options(seep_flags INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wvla -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Werror
    -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
endif()

if(WIN32)
  # Windows 10 / Server 2016 is the oldest build we watch. The second definition makes mingw's printf family
  # understand %llu and %zu although it links msvcrt.dll.
  target_compile_definitions(seep_flags INTERFACE
    _WIN32_WINNT=0x0A00 WINVER=0x0A00 UNICODE _UNICODE WIN32_LEAN_AND_MEAN __USE_MINGW_ANSI_STDIO=1)
else()
  target_compile_definitions(seep_flags INTERFACE _POSIX_C_SOURCE=200809L)
endif()

if(SEEPWATCH_SANITIZE)
  target_compile_options(seep_flags INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(seep_flags INTERFACE -fsanitize=address,undefined)
endif()
if(SEEPWATCH_FUZZ)
  target_compile_options(seep_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  target_link_options(seep_flags INTERFACE -fsanitize=address,undefined)
endif()
