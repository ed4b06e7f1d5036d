// berth-cni: the program a container runtime executes for every CNI call. It sends its CNI_* variables and its stdin to
// the node agent over a unix socket, prints the reply and exits with the code the agent chose. It decides nothing and
// parses no JSON. The protocol is in docs/architecture.md; relay.mjs is the same program for hosts without a compiler.
#include "system.h"

enum { LIMIT = 1 << 20, HEADER_LIMIT = 1 << 16, PATH_LIMIT = 4096, RETRY_MS = 10000, PAUSE_MS = 50 };
static char request[HEADER_LIMIT + LIMIT + 2], reply[LIMIT + 1];
static char place[PATH_LIMIT] = "/var/run/aws-node/berth.sock"; // the agent's socket, and where a slash parts its folder
static char *socket_name = place;
static long deadline_ms = 60000; // BERTH_CNI_DEADLINE_MS; an ADD waits at most 20 s for supply
static size_t header, request_size, reply_size;
static long reached; // when the agent last took a connection, or this process started

static const char *variable(const char *name) {
  size_t length = strlen(name);
  for (char **e = environment; *e; e++)
    if (starts(*e, name) && (*e)[length] == '=') return *e + length + 1;
  return NULL;
}

// The value of "cniVersion" in the configuration, or what this plugin speaks by itself.
static const char *asked_version(char version[16]) {
  const char *at = find(request + header, "\"cniVersion\""), *from = at ? find(at + 12, "\"") : NULL;
  size_t length = 0;
  for (; from && length < 15 && ((from[1 + length] >= '0' && from[1 + length] <= '9') || from[1 + length] == '.'); length++)
    version[length] = from[1 + length];
  version[length] = 0;
  return length > 0 && from[1 + length] == '"' ? version : "1.0.0";
}

// Prints a CNI error (spec 1.1, "Error") and exits. 11 = try again later, 50 = plugin not available (STATUS only).
_Noreturn static void fail(int code, const char *what, const char *why) {
  char version[16], digits[] = {(char)('0' + code / 10), (char)('0' + code % 10), 0};
  for (char *c = place; *c; c++)
    if (*c < ' ' || *c == '"' || *c == '\\') *c = '?';
  const char *parts[] = {"{\"cniVersion\":\"", asked_version(version), "\",\"code\":", digits + (code < 10), ",\"msg\":\"",
                         what, "\",\"details\":\"", place, ": ", why, "\"}\n"};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) print(parts[i], strlen(parts[i]));
  leave(1);
}

// Finds the socket (BERTH_SOCKET, else the link beside this binary, else the default) and enters its folder instead of
// naming the whole path: sun_path holds 107 bytes. Returns a negative errno.
static long locate(void) {
  static const char link_name[] = "berth-cni.sock"; // beside this binary: names the socket where it is not the default
  static char own[PATH_LIMIT], copy[PATH_LIMIT];
  struct stat s;
  const char *chosen = variable("BERTH_SOCKET");
  long n = SYS(readlinkat, AT_FDCWD, "/proc/self/exe", own, sizeof own - sizeof link_name);
  if (!chosen && n > 0) {
    while (n > 0 && own[n - 1] != '/') n--;
    memcpy(own + n, link_name, sizeof link_name);
    if (SYS(newfstatat, AT_FDCWD, own, &s, AT_SYMLINK_NOFOLLOW) == 0) chosen = own;
  }
  if (chosen && strlen(chosen) >= PATH_LIMIT) return -ENAMETOOLONG;
  if (chosen) memcpy(place, chosen, strlen(chosen) + 1);
  memcpy(copy, place, strlen(place) + 1);
  for (size_t i = 0; place[i]; i++)
    if (place[i] == '/') socket_name = place + i + 1;
  if (socket_name == place) return 0;
  copy[socket_name - place] = 0;
  return SYS(chdir, copy);
}

// One conversation: 0 when `reply` is complete, else why the agent could not be reached or went away (a negative errno).
static long converse(void) {
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  struct timeval patience = {deadline_ms / 1000, deadline_ms % 1000 * 1000};
  if (strlen(socket_name) >= sizeof to.sun_path) return -ENAMETOOLONG;
  memcpy(to.sun_path, socket_name, strlen(socket_name));
  long s = SYS(socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC), n;
  if (s < 0) return s;
  SYS(setsockopt, s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  SYS(setsockopt, s, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if ((n = SYS(connect, s, &to, sizeof to)) < 0) goto done;
  reached = now_ms();
  for (size_t sent = 0; sent < request_size; sent += n)
    if ((n = SYS(sendto, s, request + sent, request_size - sent, MSG_NOSIGNAL)) < 0) goto done;
  SYS(shutdown, s, SHUT_WR);
  for (reply_size = 0; reply_size < LIMIT; reply_size += n)
    if ((n = SYS(recvfrom, s, reply + reply_size, LIMIT - reply_size)) <= 0) break;
  reply[reply_size] = 0;
  if (n > 0) n = -EMSGSIZE;
  else if (n == 0 && find(reply, "\n") == NULL) n = -ECONNRESET;
done:
  SYS(close, s);
  return n;
}

static void gather(void) {
  for (char **e = environment; *e; e++) {
    size_t length = strlen(*e);
    if (!starts(*e, "CNI_")) continue;
    if (find(*e, "\n")) fail(4, "a CNI variable contains a line break", "not asked");
    if (header + length + 2 >= HEADER_LIMIT) header = 0, fail(4, "the CNI variables are longer than 64 KiB", "not asked");
    memcpy(request + header, *e, length);
    request[header + length] = '\n';
    header += length + 1;
  }
  request[header++] = '\n';
  size_t size = 0;
  for (long n = 1; size <= LIMIT && n > 0; size += n > 0 ? n : 0)
    n = SYS(read, 0, request + header + size, LIMIT + 1 - size);
  if (size > LIMIT) fail(6, "the network configuration is longer than 1 MiB", "not asked");
  request_size = header + size;
}

int main(void) {
  const char *command = variable("CNI_COMMAND"), *deadline = variable("BERTH_CNI_DEADLINE_MS");
  static const char versions[] = "{\"cniVersion\":\"1.1.0\",\"supportedVersions\":[\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\"]}\n";
  if (command && equal(command, "VERSION")) return print(versions, sizeof versions - 1) < 0;
  if (deadline && number(deadline) > 0) deadline_ms = number(deadline);
  long why = locate();
  if (!command) fail(4, "CNI_COMMAND is not set: this is a CNI plugin, which container runtimes execute", "not asked");
  gather();
  int status = equal(command, "STATUS");
  // A restart of the agent takes well under a second: waiting for it here saves the pod a failed attempt. Sending
  // again what may already have been carried out is safe, since ADD and DEL are idempotent.
  long start = reached = now_ms();
  while ((why = why < 0 ? why : converse()) < 0) {
    if (why == -EAGAIN || status || now_ms() - reached > RETRY_MS || now_ms() - start > deadline_ms)
      fail(status ? 50 : 11, "the node agent (aws-node) does not answer", reason(why));
    pause_ms(PAUSE_MS);
    why = locate();
  }
  const char *body = find(reply, "\n") + 1;
  return print(body, reply + reply_size - body) < 0 ? 1 : number(reply);
}
