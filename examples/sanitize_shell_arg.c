/*
 * The twin of sanitizeShellArg() of the course ("Input validation for exec") and of the article's "GOOD" line: refuse
 * what is not plainly harmless. cp_shell_arg_is_safe() refuses a leading '-' too, which the sample's expression lets
 * through: "Another attack vector: Argument injection with -- flags".
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

static int cat(const char *user_input) {
  if (!cp_shell_arg_is_safe(user_input)) return UV_EINVAL;
  char command[256];
  if (snprintf(command, sizeof command, "cat %s", user_input) >= (int)sizeof command) return UV_E2BIG;
  cp_result result;
  int rc = cp_exec_sync(&result, command, NULL);
  if (rc == 0) fputs(result.out.bytes, stdout);
  cp_result_dispose(&result);
  return rc;
}

int main(void) {
  const char *inputs[] = {"/dev/null", "a.txt; rm -rf /", "$(reboot)", "--help", ""};
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    printf("\"%s\": %s\n", inputs[i], cp_err_name(cat(inputs[i])));
  }
  return EXIT_SUCCESS;
}
