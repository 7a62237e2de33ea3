/* message.h - what the program says on stderr. */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

/* From now on nothing is said: --quiet. */
void say_nothing(void);

/* Before each line `prepare` is called: it takes away what stands in the way, like a progress bar. NULL: nothing does. */
void say_after(void (*prepare)(void *data), void *data);

/* One line, after "child-process: ". */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As say(), and where to read on: "(child-process COMMAND --help)"; `command` NULL: the program itself. */
void say_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
