/*
 * The twin of "child_process.spawnSync()" and of the internals page's sample of it:
 *
 *   const result = spawnSync('ls', ['-la'], { encoding: 'utf8' });
 *   console.log(result.stdout);
 *   console.log(result.status); // Exit code
 */
#include <child_process.h>
#include <stdio.h>
#include <stdlib.h>

int main(void) {
  cp_result result;
  int rc = cp_spawn_sync(&result, "ls", CP_ARGS("-la", "/"), &(cp_options){.encoding = CP_ENCODING_UTF8});
  if (rc < 0) {
    fprintf(stderr, "%s\n", result.error.message);
  } else {
    fputs(result.out.bytes, stdout);
    printf("status %d\n", result.exit.code);
  }
  cp_result_dispose(&result);
  return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
