# The only place that knows third-party packages: each becomes dep::x, and nothing else is linked anywhere.
# Target names differ between Debian, our own mingw prefix and vcpkg, so the first that exists is taken.

list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}/modules")

function(seep_dependency name hint)
  foreach(candidate IN LISTS ARGN)
    if(TARGET ${candidate})
      add_library(dep_${name} INTERFACE)
      add_library(dep::${name} ALIAS dep_${name})
      target_link_libraries(dep_${name} INTERFACE ${candidate})
      message(STATUS "dep::${name} is ${candidate}")
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "Seepwatch needs ${name}: ${hint}")
endfunction()

# libuv 1.44 has no version file, so no version may be asked for here; see models-and-style notes in lib/README.md.
find_package(libuv CONFIG QUIET)
if(NOT libuv_FOUND)
  find_package(LibUV MODULE QUIET)
endif()
seep_dependency(uv "libuv1-dev on Debian, config/build/debian-windows-dependencies for mingw, vcpkg for MSVC"
  uv_a libuv::uv_a uv libuv::uv LibUV::LibUV)

# uv.h uses POSIX types that -std=c11 hides.
if(NOT WIN32)
  target_compile_definitions(dep_uv INTERFACE _POSIX_C_SOURCE=200809L)
endif()

find_package(SQLite3 MODULE QUIET)
seep_dependency(sqlite3 "libsqlite3-dev on Debian, config/build/debian-windows-dependencies for mingw, vcpkg for MSVC"
  SQLite::SQLite3)

find_package(cJSON CONFIG QUIET)
seep_dependency(cjson "libcjson-dev on Debian, config/build/debian-windows-dependencies for mingw, vcpkg for MSVC"
  cjson cjson::cjson)

# Without this libz.dll.a may win over libz.a, and the service would need a DLL beside it.
if(WIN32)
  set(ZLIB_USE_STATIC_LIBS ON)
endif()
find_package(ZLIB MODULE QUIET)
seep_dependency(zlib "zlib1g-dev on Debian, libz-mingw-w64-dev for mingw, vcpkg for MSVC" ZLIB::ZLIB)

if(SEEPWATCH_TESTS)
  find_package(cmocka CONFIG QUIET)
  # Debian's cmocka 1.1.5 exports no target, only variables.
  if(cmocka_FOUND AND NOT TARGET cmocka::cmocka AND NOT TARGET cmocka-static AND NOT TARGET cmocka AND CMOCKA_LIBRARIES)
    add_library(seep_cmocka INTERFACE)
    target_include_directories(seep_cmocka SYSTEM INTERFACE ${CMOCKA_INCLUDE_DIR})
    target_link_libraries(seep_cmocka INTERFACE ${CMOCKA_LIBRARIES})
  endif()
  seep_dependency(cmocka "libcmocka-dev on Debian, config/build/debian-windows-dependencies for mingw, vcpkg for MSVC"
    cmocka-static cmocka::cmocka cmocka seep_cmocka)
endif()
