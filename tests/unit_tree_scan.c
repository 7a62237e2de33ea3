/* unit_tree_scan.c - the tests of test_kill_tree.c where the kernel keeps no lists of children: all processes are asked. */
#ifdef CP_LAUNCHER_LINUX
#include <unistd.h>
#define access(path, mode) (-1)
#include "tree.c" /* NOLINT(bugprone-suspicious-include) */
#undef access
#endif
#define tree test_tree
#include "test_kill_tree.c" /* NOLINT(bugprone-suspicious-include) */
