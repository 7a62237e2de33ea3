/* main.c - the smallest program that uses the library. */
#include <child_process.h>
#include <stdio.h>

int main(void) {
  cp_result result;
  int rc = cp_exec_file_sync(&result, "echo", CP_ARGS("hello from a child"), NULL);
  printf("%s", rc == 0 ? result.out.bytes : result.error.message);
  cp_result_dispose(&result);
  return rc != 0;
}
