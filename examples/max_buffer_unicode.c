/*
 * The twin of "maxBuffer and Unicode": the limit counts bytes. These 4 characters and a newline are 13 bytes in UTF-8,
 * so that 13 is enough and 12 is not.
 *
 *   console.log('中文测试')
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  for (size_t limit = 13; limit >= 11; limit--) {
    cp_result result;
    int rc = cp_exec_file_sync(&result, "echo", CP_ARGS("中文测试"),
                               &(cp_options){.max_buffer_bytes = limit, .encoding = CP_ENCODING_UTF8});
    printf("%zu bytes allowed: %s, %zu kept: %s\n", limit, rc == 0 ? "all well" : cp_err_name(rc), result.out.length,
           result.out.bytes);
    cp_result_dispose(&result);
  }
  return EXIT_SUCCESS;
}
