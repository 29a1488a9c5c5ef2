/*
 * Prints an event as Event Viewer would: eventtext PROGRAM LEVEL ID [INSERT...]. The text is taken from
 * PROGRAM's own message table, so this checks the table that is shipped. Inserts are put in here, not by
 * FormatMessage: in event texts "!S!" marks a literal insert, which FormatMessage takes for a narrow string
 * (reference: event-log, 4.3). Exit codes: 0 printed; 2 usage; 3 no such event in the program; 4 the text
 * asks for an insert that was not given.
 */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static DWORD severity_of(const wchar_t *level)
{
  if (wcscmp(level, L"error") == 0) {
    return 0xC0000000u;
  }
  return wcscmp(level, L"warning") == 0 ? 0x80000000u : 0x40000000u;
}

static void put(const wchar_t *text, int length)
{
  char bytes[1024];
  while (length > 0) {
    int part = length < 256 ? length : 256;
    int count = WideCharToMultiByte(CP_UTF8, 0, text, part, bytes, (int)sizeof bytes, NULL, NULL);
    fwrite(bytes, 1, count > 0 ? (size_t)count : 0, stdout);
    text += part;
    length -= part;
  }
}

/* At "%" and a digit: prints the insert and returns what follows "%1" or "%1!S!"; NULL when there is no such
 * insert. */
static const wchar_t *put_insert(const wchar_t *at, int insert_count, wchar_t **inserts)
{
  wchar_t *end = NULL;
  unsigned long number = wcstoul(at + 1, &end, 10);
  if (number < 1 || number > (unsigned long)insert_count) {
    return NULL;
  }
  put(inserts[number - 1], (int)wcslen(inserts[number - 1]));
  if (wcsncmp(end, L"!S!", 3) == 0) {
    end += 3;
  }
  return end;
}

static int put_message(const wchar_t *text, int insert_count, wchar_t **inserts)
{
  while (*text != L'\0') {
    if (text[0] == L'%' && text[1] >= L'1' && text[1] <= L'9') {
      text = put_insert(text, insert_count, inserts);
      if (text == NULL) {
        return 4;
      }
    } else if (text[0] == L'%' && (text[1] == L'n' || text[1] == L'%')) {
      put(text[1] == L'n' ? L"\n" : L"%", 1);
      text += 2;
    } else {
      if (*text != L'\r') {
        put(text, 1);
      }
      text++;
    }
  }
  return 0;
}

int wmain(int argument_count, wchar_t **arguments);

int wmain(int argument_count, wchar_t **arguments)
{
  if (argument_count < 4) {
    fprintf(stderr, "usage: eventtext PROGRAM information|warning|error ID [INSERT...]\n");
    return 2;
  }
  HMODULE module = LoadLibraryExW(arguments[1], NULL, LOAD_LIBRARY_AS_DATAFILE);
  if (module == NULL) {
    fprintf(stderr, "eventtext: cannot load the program: error %lu\n", GetLastError());
    return 3;
  }
  DWORD id = severity_of(arguments[2]) | (wcstoul(arguments[3], NULL, 10) & 0xFFFFu);
  wchar_t *text = NULL;
  DWORD length = FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_HMODULE |
                                    FORMAT_MESSAGE_IGNORE_INSERTS,
                                module, id, 0, (LPWSTR)&text, 0, NULL);
  if (length == 0) {
    fprintf(stderr, "eventtext: the program has no message 0x%08lX: error %lu\n", id, GetLastError());
    return 3;
  }
  int result = put_message(text, argument_count - 4, arguments + 4);
  if (result == 4) {
    fprintf(stderr, "eventtext: message 0x%08lX asks for an insert that the event does not have\n", id);
  }
  LocalFree(text);
  return result;
}
