// What berth-cni needs of a C library, since it is linked without one. Before main, glibc asks the CPU for its features,
// and a hypervisor traps every one of those instructions: in a virtual machine, and so on EC2, that alone takes two thirds
// of the life of a plugin's process (docs/performance.md). Only constants and structs come from the system's headers.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

// A system call. Returns what the kernel does: a negative errno for a failure.
#if defined(__x86_64__)
static long sys(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "+a"(number)
                   : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return number;
}
// The kernel enters with argc, argv and the environment on the stack, aligned to 16 bytes.
__asm__(".globl _start\n_start: xor %ebp, %ebp\n mov %rsp, %rdi\n call enter\n");
#elif defined(__aarch64__)
static long sys(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c,
                x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x29, xzr\n mov x30, xzr\n mov x0, sp\n bl enter\n");
#else
#error "unknown machine: relay.mjs is the same program for Node"
#endif
#define CALL(name, a, b, c, d, e, f, ...) sys(SYS_##name, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYS(...) CALL(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

static char **environment;
int main(void);

_Noreturn static void leave(int code) {
  for (;;) SYS(exit_group, code);
}

__attribute__((used, noreturn)) void enter(long *stack) {
  environment = (char **)(stack + 1 + stack[0] + 1);
  leave(main());
}

// The compiler itself makes calls of these.
void *memcpy(void *to, const void *from, size_t size) {
  for (size_t i = 0; i < size; i++) ((char *)to)[i] = ((const char *)from)[i];
  return to;
}
void *memset(void *to, int byte, size_t size) {
  for (size_t i = 0; i < size; i++) ((char *)to)[i] = (char)byte;
  return to;
}
size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

static int starts(const char *text, const char *with) {
  while (*with && *text == *with) text++, with++;
  return *with == 0;
}

static int equal(const char *a, const char *b) { return starts(a, b) && strlen(a) == strlen(b); }

static const char *find(const char *text, const char *part) {
  for (; *text; text++)
    if (starts(text, part)) return text;
  return NULL;
}

// The decimal digits that a text begins with.
static long number(const char *text) {
  long value = 0;
  for (; *text >= '0' && *text <= '9' && value < 1 << 30; text++) value = value * 10 + *text - '0';
  return value;
}

// To stdout, all of it. Returns a negative errno.
static long print(const char *text, size_t size) {
  long n = 0;
  for (; size > 0 && (n = SYS(write, 1, text, size)) >= 0; size -= n) text += n;
  return n;
}

static long now_ms(void) {
  struct timespec t;
  SYS(clock_gettime, CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

static void pause_ms(long ms) {
  struct timespec t = {ms / 1000, ms % 1000 * 1000000};
  SYS(nanosleep, &t);
}

// What can go wrong with a unix socket, in the words of strerror(3).
static const char *reason(long error) {
  switch (-error) {
  case ENOENT: return "No such file or directory";
  case ENOTDIR: return "Not a directory";
  case EACCES: return "Permission denied";
  case ECONNREFUSED: return "Connection refused";
  case ECONNRESET: return "Connection reset by peer";
  case EPIPE: return "Broken pipe";
  case EAGAIN: return "Resource temporarily unavailable";
  case EMSGSIZE: return "Message too long";
  case ENAMETOOLONG: return "File name too long";
  case EMFILE: case ENFILE: return "Too many open files";
  default: return "the kernel refused";
  }
}
