/* test_errors.c - what keeps a process from starting is told apart: by code, step, path, and a sentence. */
#include "support.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void check_sentence(const cp_error *error, const char *words) {
  assert_true(error->message[0] != '\0');
  assert_null(strchr(error->message, '\n'));
  assert_null(strchr(error->message, '\r'));
  assert_true(error->message[strlen(error->message) - 1] != '.');
  if (strstr(error->message, words) == NULL) fail_msg("\"%s\" does not say \"%s\"", error->message, words);
}

/* Both forms refuse it alike; the asynchronous one as an event. */
static void fails(int code, cp_stage stage, const char *path, const char *words, const char *file,
                  const char *const *args, cp_options options) {
  cp_result result;
  assert_int_equal(cp_spawn_sync(&result, file, args, &options), code);
  cp_error error = result.error;
  assert_int_equal(error.code, code);
  assert_int_equal(error.stage, stage);
  if (path != NULL) assert_string_equal(error.path, path);
  check_sentence(&error, words);
  assert_int_equal(result.pid, 0);
  assert_int_equal(result.exit.reason, CP_REASON_ERROR);
  assert_int_equal(result.exit.code, code);
  cp_result_dispose(&result);

  event_log log;
  cp_child *child;
  cp_options events = log_options(&log), full = options;
  full.on_spawn = events.on_spawn, full.on_error = events.on_error, full.on_exit = events.on_exit;
  full.on_close = events.on_close, full.data = &log;
  assert_int_equal(cp_spawn(&child, test_loop(), file, args, &full), 0);
  run_loop();
  assert_int_equal(log.failed, 1);
  assert_int_equal(log.closed, 1);
  assert_int_equal(log.spawned + log.exited, 0);
  assert_int_equal(log.error.code, code);
  assert_int_equal(log.error.stage, stage);
  assert_int_equal(log.error.index, error.index);
  assert_string_equal(log.error.path, error.path);
  assert_string_equal(log.error.message, error.message);
  assert_int_equal(cp_child_pid(child), 0);
  assert_int_equal(cp_child_exit(child)->code, code);
  assert_int_equal(cp_child_exit(child)->reason, CP_REASON_ERROR);
  cp_child_free(child);
}

#define FAILS(code, stage, path, words, file, args, ...)                                                               \
  fails((code), (stage), (path), (words), (file), (args), (cp_options){__VA_ARGS__})

static void a_missing_program(void **state) {
  (void)state;
  FAILS(UV_ENOENT, CP_STAGE_EXEC, "/no/such/program", "no such file", "/no/such/program", NULL, 0);
  FAILS(UV_ENOENT, CP_STAGE_EXEC, "cp-no-such-program", "PATH", "cp-no-such-program", NULL, 0);
  FAILS(UV_ENOENT, CP_STAGE_EXEC, "./cp-no-such", "no such file", "./cp-no-such", NULL, .cwd = "/");
}

static void a_missing_working_directory(void **state) {
  (void)state;
  FAILS(UV_ENOENT, CP_STAGE_CHDIR, "/no/such/directory", "options.cwd", HELPER, NULL, .cwd = "/no/such/directory");
  /* and not as the program's fault, which is missing as well */
  FAILS(UV_ENOENT, CP_STAGE_CHDIR, "/no/such/directory", "chdir", "/no/such", NULL, .cwd = "/no/such/directory");
}

static void a_working_directory_that_is_a_file(void **state) {
  (void)state;
  const char *file = temp_path("file");
  write_file(file, "", 0644);
  FAILS(UV_ENOTDIR, CP_STAGE_CHDIR, file, "options.cwd", HELPER, NULL, .cwd = file);
}

static void a_working_directory_in_a_circle_of_links(void **state) {
  (void)state;
  const char *link = temp_path("link");
  assert_int_equal(symlink(link, link), 0);
  FAILS(UV_ELOOP, CP_STAGE_CHDIR, link, "options.cwd", HELPER, NULL, .cwd = link);
  FAILS(UV_ELOOP, CP_STAGE_EXEC, link, "", link, NULL, 0);
}

static void unreadable_apart(void *data) {
  cp_result result;
  if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 || access(HELPER, X_OK) != 0) SKIP_APART();
  CHECK(cp_spawn_sync(&result, HELPER, NULL, &(cp_options){.cwd = data}) == UV_EACCES);
  CHECK(result.error.stage == CP_STAGE_CHDIR);
  CHECK(strcmp(result.error.path, data) == 0);
  CHECK(strstr(result.error.message, "options.cwd") != NULL);
  cp_result_dispose(&result);
}

static void a_working_directory_that_may_not_be_entered(void **state) {
  (void)state;
  if (getuid() != 0) skip();
  char *directory = strdup(temp_path("secret"));
  assert_int_equal(mkdir(directory, 0700), 0);
  apart(unreadable_apart, directory);
  free(directory);
}

static void a_file_that_is_not_executable(void **state) {
  (void)state;
  const char *file = temp_path("file");
  write_file(file, "#!/bin/sh\n", 0644);
  FAILS(UV_EACCES, CP_STAGE_EXEC, file, "chmod +x", file, NULL, 0);
}

static void a_directory_as_a_program(void **state) {
  (void)state;
  FAILS(UV_EACCES, CP_STAGE_EXEC, "/tmp", "directory", "/tmp", NULL, 0);
}

static void a_file_below_a_file(void **state) {
  (void)state;
  FAILS(UV_ENOTDIR, CP_STAGE_EXEC, "/etc/passwd/program", "", "/etc/passwd/program", NULL, 0);
}

static void a_missing_interpreter(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  const char *script = temp_path("script");
  write_file(script, "#!/no/such/interpreter -x\necho\n", 0755);
  FAILS(UV_ENOENT, CP_STAGE_EXEC, script, "/no/such/interpreter", script, NULL, 0);
  write_file(script, "#! \t/no/such/other\r\n", 0755);
  FAILS(UV_ENOENT, CP_STAGE_EXEC, script, "/no/such/other", script, NULL, 0);
}

static void a_missing_interpreter_of_a_program_in_path(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  char entry[512], *script = strdup(temp_path("cp-script"));
  write_file(script, "#!/no/such/interpreter\n", 0755);
  (void)snprintf(entry, sizeof entry, "PATH=/no/such:%.*s:/no/such/either", (int)(strrchr(script, '/') - script),
                 script);
  const char *const env[] = {entry, NULL};
  FAILS(UV_ENOENT, CP_STAGE_EXEC, script, "/no/such/interpreter", "cp-script", NULL, .env = env);
  free(script);
}

static void an_interpreter_that_may_not_be_run(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  char line[512], *inner = strdup(temp_path("inner"));
  const char *script = temp_path("script");
  write_file(inner, "", 0644);
  (void)snprintf(line, sizeof line, "#!%s\n", inner);
  write_file(script, line, 0755);
  FAILS(UV_EACCES, CP_STAGE_EXEC, script, "interpreter", script, NULL, 0);
  free(inner);
}

/* An ELF program of this machine that wants a loader which is not there. */
static void a_missing_loader(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  struct {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    char loader[32];
  } image = {.loader = "/no/such/loader.so"};
  Elf64_Ehdr own;
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  assert_int_equal(read(fd, &own, sizeof own), sizeof own);
  close(fd);
  if (own.e_ident[EI_CLASS] != ELFCLASS64) skip();
  image.header = own;
  image.header.e_phoff = sizeof image.header;
  image.header.e_phnum = 1;
  image.header.e_phentsize = sizeof image.segment;
  image.segment = (Elf64_Phdr){.p_type = PT_INTERP,
                               .p_offset = sizeof image.header + sizeof image.segment,
                               .p_filesz = strlen(image.loader) + 1};
  const char *path = temp_path("elf");
  fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
  assert_int_equal(write(fd, &image, sizeof image), sizeof image);
  close(fd);
  FAILS(UV_ENOENT, CP_STAGE_EXEC, path, "loader", path, NULL, 0);
}

static char *long_string(size_t length) {
  char *text = malloc(length + 1);
  assert_non_null(text);
  memset(text, 'x', length);
  text[length] = '\0';
  return text;
}

static void one_argument_that_is_too_long(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  char *fits = long_string(131071), *too_long = long_string(131072);
  FAILS(UV_E2BIG, CP_STAGE_EXEC, HELPER, "argument 2", HELPER, HELPER_ARGS("args", too_long), 0);
  free(helper_output(HELPER_ARGS("args", fits), NULL)); /* the longest that the kernel takes */
  free(fits);
  free(too_long);
}

static void one_variable_that_is_too_long(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  char *variable = long_string(140000);
  memcpy(variable, "BIG=", 4);
  const char *const env[] = {"A=1", variable, NULL};
  FAILS(UV_E2BIG, CP_STAGE_EXEC, HELPER, "variable BIG", HELPER, NULL, .env = env);
  free(variable);
}

static void arguments_that_are_too_long_together(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  enum { COUNT = 200 };
  char *word = long_string(100000);
  const char *args[COUNT + 1] = {NULL};
  for (int i = 0; i < COUNT; i++) args[i] = word;
  FAILS(UV_E2BIG, CP_STAGE_EXEC, HELPER, "exceed the limit", HELPER, args, 0);
  free(word);
}

static void ids_apart(void *data) {
  (void)data;
  const cp_id root[] = {CP_ID(0)};
  const struct {
    cp_options options;
    cp_stage stage;
    const char *words;
  } rows[] = {
      {{.uid = {true, 0}}, CP_STAGE_SETUID, "options.uid"},
      {{.gid = {true, 0}}, CP_STAGE_SETGID, "options.gid"},
      {{.groups = root, .group_count = 1}, CP_STAGE_SETGROUPS, "options.groups"},
      {{.uid = {true, NOBODY}, .groups = root, .group_count = 1}, CP_STAGE_SETGROUPS, "groups"},
  };
  if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 || access(HELPER, X_OK) != 0) SKIP_APART();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    cp_result result;
    CHECK(cp_spawn_sync(&result, HELPER, NULL, &rows[i].options) == UV_EPERM);
    CHECK(result.error.stage == rows[i].stage);
    CHECK(strstr(result.error.message, rows[i].words) != NULL);
    cp_result_dispose(&result);
  }
  cp_result result; /* one's own ids are no change; dropping groups is best effort */
  cp_options own = {.uid = CP_ID(NOBODY), .gid = CP_ID(NOBODY)};
  CHECK(cp_spawn_sync(&result, HELPER, NULL, &own) == 0);
  cp_result_dispose(&result);
}

static void ids_that_an_unprivileged_parent_may_not_give(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  NEEDS_LINUX_LAUNCHER();
  if (getuid() != 0) skip();
  apart(ids_apart, NULL);
}

static void no_more_processes_apart(void *data) {
  (void)data;
  cp_result result;
  uv_loop_t loop;
  event_log log;
  cp_child *child;
  CHECK(uv_loop_init(&loop) == 0);
  if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 || access(HELPER, X_OK) != 0) SKIP_APART();
  struct rlimit limit = {0, 0};
  CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
  CHECK(cp_spawn_sync(&result, HELPER, NULL, NULL) == UV_EAGAIN);
  CHECK(result.error.stage == CP_STAGE_CLONE);
  CHECK(strstr(result.error.message, "limit of processes") != NULL);
  cp_result_dispose(&result);
  cp_options options = log_options(&log);
  CHECK(cp_spawn(&child, &loop, HELPER, NULL, &options) == 0);
  CHECK(uv_run(&loop, UV_RUN_DEFAULT) == 0);
  CHECK(strcmp(log.text, "error:EAGAIN:clone close:-11") == 0);
  cp_child_free(child);
  CHECK(uv_loop_close(&loop) == 0);
}

static void too_many_processes(void **state) {
  (void)state;
  NEEDS_A_REAL_KERNEL();
  if (getuid() != 0) skip();
  apart(no_more_processes_apart, NULL);
}

/* With every number of fds that may be left, from none to enough: an error at some step, or success; no leak. */
static void too_many_open_files(void **state) {
  (void)state;
  NEEDS_LINUX_LAUNCHER();
  struct rlimit old, limit;
  int held[256], count = 0;
  bool failed = false, succeeded = false;
  free(helper_output(NULL, NULL));
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
  limit = (struct rlimit){128, old.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  while ((held[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) count++;
  for (int left = 0; left < 12; left++) {
    cp_result result;
    event_log log;
    cp_child *child;
    cp_options options = log_options(&log);
    int rc = cp_spawn_sync(&result, HELPER, NULL, NULL);
    failed = failed || rc == UV_EMFILE;
    succeeded = succeeded || rc == 0;
    assert_true(rc == 0 || rc == UV_EMFILE);
    if (rc != 0) {
      assert_true(result.error.stage == CP_STAGE_PIPE || result.error.stage == CP_STAGE_CLONE);
      check_sentence(&result.error, "too many open files");
    }
    if (left == 0) assert_int_equal(result.error.stage, CP_STAGE_PIPE);
    cp_result_dispose(&result);
    assert_int_equal(cp_spawn(&child, test_loop(), HELPER, NULL, &options), 0);
    run_loop();
    assert_int_equal(log.closed, 1);
    assert_int_equal(log.failed + log.spawned, 1);
    if (log.failed) assert_int_equal(log.error.code, UV_EMFILE);
    cp_child_free(child);
    options.stdio = CP_ALL_IGNORE;
    rc = cp_spawn_sync(&result, HELPER, NULL, &options);
    assert_true(rc == 0 || rc == UV_EMFILE);
    if (left == 0) assert_int_equal(result.error.stage, CP_STAGE_OPEN);
    if (left == 0) assert_string_equal(result.error.path, "/dev/null");
    cp_result_dispose(&result);
    close(held[--count]);
  }
  while (count > 0) close(held[--count]);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
  assert_true(failed);
  assert_true(succeeded);
}

static void a_line_break_in_a_name_does_not_break_the_sentence(void **state) {
  (void)state;
  FAILS(UV_ENOENT, CP_STAGE_EXEC, "/no/such\nfile\r", "", "/no/such\nfile\r", NULL, 0);
  FAILS(UV_ENOENT, CP_STAGE_CHDIR, "/no/such\ndirectory", "", HELPER, NULL, .cwd = "/no/such\ndirectory");
}

static void a_shell_that_is_not_there(void **state) {
  (void)state;
  FAILS(UV_ENOENT, CP_STAGE_EXEC, "/no/such/shell", "no such file", "echo", NULL, .shell = "/no/such/shell");
}

static void a_very_long_name_is_cut_not_overrun(void **state) {
  (void)state;
  char name[1500];
  for (size_t i = 0; i + 1 < sizeof name; i++) name[i] = i % 100 == 0 ? '/' : 'n';
  name[sizeof name - 1] = '\0';
  FAILS(UV_ENOENT, CP_STAGE_EXEC, NULL, "no such file", name, NULL, 0);
}

static void failures_leave_no_zombie(void **state) {
  (void)state;
  int before = count_children();
  for (int i = 0; i < 50; i++) {
    cp_result result;
    assert_int_equal(cp_spawn_sync(&result, "/no/such", NULL, NULL), UV_ENOENT);
    cp_result_dispose(&result);
  }
  assert_int_equal(count_children(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_missing_program),
      TEST(a_missing_working_directory),
      TEST(a_working_directory_that_is_a_file),
      TEST(a_working_directory_in_a_circle_of_links),
      TEST(a_working_directory_that_may_not_be_entered),
      TEST(a_file_that_is_not_executable),
      TEST(a_directory_as_a_program),
      TEST(a_file_below_a_file),
      TEST(a_missing_interpreter),
      TEST(a_missing_interpreter_of_a_program_in_path),
      TEST(an_interpreter_that_may_not_be_run),
      TEST(a_missing_loader),
      TEST(one_argument_that_is_too_long),
      TEST(one_variable_that_is_too_long),
      TEST(arguments_that_are_too_long_together),
      TEST(ids_that_an_unprivileged_parent_may_not_give),
      TEST(too_many_processes),
      TEST(too_many_open_files),
      TEST(a_line_break_in_a_name_does_not_break_the_sentence),
      TEST(a_shell_that_is_not_there),
      TEST(a_very_long_name_is_cut_not_overrun),
      TEST(failures_leave_no_zombie),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
