/* template.h - the command of `pool --exec`: what a line becomes. */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct template {
  char **words; /* without a shell: the words of the command, NULL-terminated; in a shell: NULL */
  size_t count;
  bool has_place; /* without a shell: {} stands somewhere */
  char *script;   /* in a shell: what it runs, where the line is $1 */
}
template;

/**
 * Reads a command. Without a shell it is split into words once; {} in a word stands for the line, and if there is none
 * the line is one more word at the end. For a shell it stays a script, in which each {} becomes "$1": a line is never
 * pasted into a script, so whatever stands in it is no command.
 * @param out  takes it: template_dispose().
 * @return NULL, or what is wrong with it.
 */
const char *template_parse(template *out, const char *text, bool shell);

/**
 * The words for a line, NULL-terminated, in one block: free() it. In a shell: the script, and the line.
 * @param line  a string. @return NULL: out of memory.
 */
char **template_expand(const template *template, const char *line);

/* True if the program that is run does not depend on the line. */
bool template_is_constant(const template *template);

void template_dispose(template *template);

#endif
