// Starts CNI plugin processes and times them as a container runtime sees them: from before the start until the process
// has ended. In C because starting a process from Node takes longer than the plugin itself.
//   launch PLUGIN CONFIG < batches
// A batch is lines "COMMAND CONTAINER NETNS" up to an empty line; its processes are started all at once. For each line
// of the batch, in order: "MICROSECONDS EXITCODE PEAK_RSS_KIB".
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 256, LINE = 1024 };
struct call {
  char command[16], container[128], netns[512];
  pid_t pid;
  long started, took, rss;
  int code;
};
static struct call calls[MOST];

static long now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static void start(struct call *c, char *plugin, const char *config) {
  char variables[6][LINE];
  snprintf(variables[0], LINE, "CNI_COMMAND=%s", c->command);
  snprintf(variables[1], LINE, "CNI_CONTAINERID=%s", c->container);
  snprintf(variables[2], LINE, "CNI_NETNS=%s", c->netns);
  snprintf(variables[3], LINE, "CNI_IFNAME=eth0");
  snprintf(variables[4], LINE, "CNI_ARGS=K8S_POD_NAMESPACE=default;K8S_POD_NAME=%s", c->container);
  char *env[] = {variables[0], variables[1], variables[2], variables[3], variables[4], NULL}, *argv[] = {plugin, NULL};
  int in[2];
  if (pipe2(in, O_CLOEXEC) < 0) exit(71);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  c->started = now_us();
  if (posix_spawn(&c->pid, plugin, &actions, NULL, argv, env) != 0) exit(71);
  if (write(in[1], config, strlen(config)) < 0) exit(71);
  close(in[0]);
  close(in[1]);
  posix_spawn_file_actions_destroy(&actions);
}

static void finish(int count, char *plugin, const char *config) {
  for (int i = 0; i < count; i++) start(&calls[i], plugin, config);
  for (int left = count; left > 0; left--) {
    struct rusage usage;
    int status;
    pid_t pid = wait4(-1, &status, 0, &usage);
    long end = now_us();
    for (int i = 0; i < count; i++)
      if (calls[i].pid == pid) {
        calls[i].took = end - calls[i].started;
        calls[i].rss = usage.ru_maxrss;
        calls[i].code = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
      }
  }
  for (int i = 0; i < count; i++) printf("%ld %d %ld\n", calls[i].took, calls[i].code, calls[i].rss);
  fflush(stdout);
}

int main(int argc, char **argv) {
  char line[LINE];
  int count = 0;
  if (argc != 3) return 64;
  while (fgets(line, sizeof line, stdin)) {
    struct call *c = &calls[count];
    if (count < MOST && sscanf(line, "%15s %127s %511s", c->command, c->container, c->netns) == 3) count++;
    else finish(count, argv[1], argv[2]), count = 0;
  }
  finish(count, argv[1], argv[2]);
  return 0;
}
