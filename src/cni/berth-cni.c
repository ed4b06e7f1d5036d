// berth-cni: the program a container runtime executes for every CNI call. It sends its CNI_* variables and its stdin to
// the node agent over a unix socket, prints the reply and exits with the code the agent chose. It decides nothing and
// parses no JSON. The protocol is in docs/architecture.md; relay.mjs is the same program for hosts without a compiler.
#define _GNU_SOURCE
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT = 1 << 20, HEADER_LIMIT = 1 << 16, RETRY_MS = 10000, PAUSE_MS = 50 };
static const char *default_socket = "/var/run/aws-node/berth.sock";
static const char *link_name = "berth-cni.sock"; // beside this binary: names the socket where it is not the default
static char request[HEADER_LIMIT + LIMIT + 2], reply[LIMIT + 1], place[PATH_MAX], name[PATH_MAX];
static long deadline_ms = 60000; // BERTH_CNI_DEADLINE_MS; an ADD waits at most 20 s for supply
static size_t header, request_size, reply_size;
static long reached; // when the agent last took a connection, or this process started

// Prints a CNI error (spec 1.1, "Error") and exits. 11 = try again later, 50 = plugin not available (STATUS only).
static void fail(int code, const char *what, const char *why) {
  char version[16] = "1.0.0", *from = strstr(request + header, "\"cniVersion\""), *end;
  if (from && (from = strchr(from + 12, '"')) && (end = strchr(++from, '"')) && end - from < 16 &&
      strspn(from, "0123456789.") == (size_t)(end - from))
    snprintf(version, sizeof version, "%.*s", (int)(end - from), from);
  for (char *c = place; *c; c++)
    if (*c < ' ' || *c == '"' || *c == '\\') *c = '?';
  printf("{\"cniVersion\":\"%s\",\"code\":%d,\"msg\":\"%s\",\"details\":\"%s: %s\"}\n", version, code, what, place, why);
  exit(1);
}

static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

// Finds the socket: BERTH_SOCKET, else the link beside this binary, else the default. `place` is its folder and `name`
// its name: sun_path holds 107 bytes, so the process enters the folder instead of naming the whole path.
static void locate(void) {
  char path[PATH_MAX], copy[PATH_MAX];
  struct stat s;
  const char *chosen = getenv("BERTH_SOCKET");
  ssize_t n = readlink("/proc/self/exe", copy, sizeof copy - 1);
  if (!chosen && n > 0) {
    copy[n] = 0;
    if (snprintf(path, sizeof path, "%s/%s", dirname(copy), link_name) < PATH_MAX && lstat(path, &s) == 0) chosen = path;
  }
  snprintf(place, sizeof place, "%s", chosen ? chosen : default_socket);
  snprintf(copy, sizeof copy, "%s", place);
  snprintf(name, sizeof name, "%s", basename(copy));
}

// One conversation: 1 when `reply` is complete, 0 with errno when the agent could not be reached or went away.
static int converse(void) {
  char copy[PATH_MAX];
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  struct timeval patience = {deadline_ms / 1000, deadline_ms % 1000 * 1000};
  snprintf(copy, sizeof copy, "%s", place);
  if (chdir(dirname(copy)) < 0) return 0;
  if (strlen(name) >= sizeof to.sun_path) return errno = ENAMETOOLONG, 0;
  memcpy(to.sun_path, name, strlen(name));
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ok = 0;
  if (s < 0) return 0;
  setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(s, (struct sockaddr *)&to, sizeof to) < 0) goto done;
  reached = now_ms();
  for (size_t sent = 0; sent < request_size;) {
    ssize_t n = send(s, request + sent, request_size - sent, MSG_NOSIGNAL);
    if (n < 0) goto done;
    sent += n;
  }
  shutdown(s, SHUT_WR);
  ssize_t n = 0;
  for (reply_size = 0; reply_size < LIMIT; reply_size += n)
    if ((n = recv(s, reply + reply_size, LIMIT - reply_size, 0)) <= 0) break;
  ok = n == 0 && memchr(reply, '\n', reply_size) != NULL;
  if (!ok && n >= 0) errno = reply_size < LIMIT ? ECONNRESET : EMSGSIZE;
done:;
  int why = errno;
  close(s);
  errno = why;
  return ok;
}

int main(void) {
  const char *command = getenv("CNI_COMMAND"), *deadline = getenv("BERTH_CNI_DEADLINE_MS");
  if (deadline && atol(deadline) > 0) deadline_ms = atol(deadline);
  locate();
  if (!command) fail(4, "CNI_COMMAND is not set: this is a CNI plugin, which container runtimes execute", "not asked");
  if (strcmp(command, "VERSION") == 0)
    return puts("{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}") < 0;
  for (char **e = environ; *e; e++) {
    if (strncmp(*e, "CNI_", 4) != 0) continue;
    if (strchr(*e, '\n')) fail(4, "a CNI variable contains a line break", "not asked");
    header += snprintf(request + header, HEADER_LIMIT - header, "%s\n", *e);
    if (header >= HEADER_LIMIT - 1) header = 0, fail(4, "the CNI variables are longer than 64 KiB", "not asked");
  }
  request[header++] = '\n';
  size_t n = fread(request + header, 1, LIMIT + 1, stdin);
  if (n > LIMIT) fail(6, "the network configuration is longer than 1 MiB", "not asked");
  request_size = header + n;
  int status = strcmp(command, "STATUS") == 0;
  // A restart of the agent takes well under a second: waiting for it here saves the pod a failed attempt. Sending
  // again what may already have been carried out is safe, since ADD and DEL are idempotent.
  long start = reached = now_ms();
  for (; !converse(); usleep(PAUSE_MS * 1000))
    if (errno == EAGAIN || status || now_ms() - reached > RETRY_MS || now_ms() - start > deadline_ms)
      fail(status ? 50 : 11, "the node agent (aws-node) does not answer", strerror(errno));
  char *body = memchr(reply, '\n', reply_size);
  fwrite(body + 1, 1, reply + reply_size - body - 1, stdout);
  return fflush(stdout) == 0 ? atoi(reply) : 1;
}
