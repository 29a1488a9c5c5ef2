# Has a browser show the pages that test_report_trace_page has left in FOLDER, and looks at what became of them:
# cmake -DFOLDER=... -P browser.cmake
cmake_minimum_required(VERSION 3.25)

find_program(BROWSER NAMES chromium chromium-browser google-chrome)
if(NOT BROWSER)
  message("SKIPPED: no chromium, chromium-browser or google-chrome here: the page's script is not run")
  return()
endif()

# Shows FOLDER/report_trace_page-<page>.html<fragment> and puts what has become of it into ${dom}.
function(show page fragment)
  set(profile ${FOLDER}/report_trace_page-profile)
  execute_process(COMMAND ${BROWSER} --headless --no-sandbox --disable-gpu --disable-quic --no-first-run
      --disable-background-networking --disable-component-update --disable-sync --enable-logging=stderr
      --user-data-dir=${profile} --window-size=1280,900 --virtual-time-budget=2000 --dump-dom
      "file://${FOLDER}/report_trace_page-${page}.html${fragment}"
    RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE said TIMEOUT 60)
  file(REMOVE_RECURSE ${profile})
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${page}: the browser ends with ${code}: ${said}")
  endif()
  set(dom "${out}" PARENT_SCOPE)
  set(said "${said}" PARENT_SCOPE)
endfunction()

function(expect what)
  string(FIND "${dom}" "${what}" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "nowhere: ${what}\n${said}")
  endif()
endfunction()

function(expect_not what)
  string(FIND "${dom}" "${what}" at)
  if(NOT at EQUAL -1)
    message(FATAL_ERROR "it has: ${what}\n${said}")
  endif()
endfunction()

# How often; the marks are texts without regular expressions' signs.
function(count what least most)
  string(REGEX MATCHALL "${what}" found "${dom}")
  list(LENGTH found times)
  if(times LESS least OR times GREATER most)
    message(FATAL_ERROR "${times} times, not ${least} to ${most}: ${what}")
  endif()
endfunction()

function(expect_no_complaint)
  if(said MATCHES "Uncaught|Refused to|violates the following")
    message(FATAL_ERROR "the browser complains: ${said}")
  endif()
endfunction()

show(heap "")
expect_no_complaint()
expect("<div id=\"graph\">")
expect("aria-label=\"Contoso.Pricing.dll!PriceCache::Insert, 198 MB, 77% of 257 MB\"")
expect("aria-pressed=\"true\">heap</button>")
count("role=\"treeitem\"" 20 20)
expect_not("<details class=\"tree\" open")

show(heap "#search=pricecache")
expect("3 bars match: 236 MB, 92% of 257 MB.")
count("class=\"bar k3 blame match\"" 2 2)

show(heap "#zoom=5&view=heap")
count("class=\"bar k[0-9] above\"" 5 5)
expect("aria-label=\"Contoso.Pricing.dll!PriceCache::Refresh, 236 MB, 92% of 257 MB\"")

show(heap "#view=virtual&zoom=99999&search=%")
expect_no_complaint()
expect("aria-pressed=\"true\">VirtualAlloc</button>")

show(hostile "")
expect_no_complaint()
expect("<div id=\"graph\">")
count("<script" 2 2)
expect("&lt;script&gt;alert(1)&lt;/script&gt;")

show(huge "")
expect_no_complaint()
count("role=\"treeitem\"" 100 10000)

show(driven "")
expect_no_complaint()
string(REGEX MATCH "LOG down.* END" log "${dom}")
set(thread "KERNEL32.DLL!BaseThreadInitThunk")
set(refresh "Contoso.Pricing.dll!PriceCache::Refresh")
string(CONCAT wanted "LOG down: ${thread} ; enter: ${thread} #zoom=2; right: Contoso.Pricing.dll!PriceCache::MakeKey #zoom=2; "
  "left: Contoso.Pricing.dll!PriceCache::Insert #zoom=2; up: ${refresh} #zoom=2; deeper: ${refresh} #zoom=5; "
  "back: ${thread} #zoom=2; whole: ${thread} ; click: ${refresh} #zoom=5; again: ${refresh} ; "
  "found 1 bar matches: 9.00 MB, 4% of 257 MB.1; view: - #view=virtual&amp;search=WEBinit; "
  "tip false w3wp.exe!WorkerMain240 MB, 100% of 240 MB3840 allocationsanother module; tip true END")
if(NOT log STREQUAL wanted)
  message(FATAL_ERROR "it was driven to\n${log}\nand not to\n${wanted}")
endif()

show(changed "")
expect("<div id=\"graph\" hidden=\"hidden\">")
count("role=\"treeitem\"" 0 0)
message("the browser shows the pages as they should be, and refuses a script that is not ours")
