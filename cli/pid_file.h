/* pid_file.h - the file that names the running command. */
#ifndef CLI_PID_FILE_H
#define CLI_PID_FILE_H

typedef struct pid_file {
  const char *path; /* borrowed; NULL: none is wanted */
  char *temporary;  /* beside it, until it is complete */
  int fd;
  int pid;
} pid_file;

/* Makes room for it, so that a bad path is known before anything runs. 0, or -1: errno tells. */
int pid_file_open(pid_file *file, const char *path);

/* Puts it in place, complete or not at all. 0, or -1: errno tells. */
int pid_file_write(pid_file *file, int pid);

/* Takes it away again, unless it names another process by now. */
void pid_file_remove(pid_file *file);

/* Frees; a file that was never written leaves nothing behind. */
void pid_file_dispose(pid_file *file);

#endif
