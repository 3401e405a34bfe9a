/*
 * The least that a program in C needs to feed many players: every few hundred milliseconds, one send() for each.
 *
 *     send_loop PORT FLUSH_MS DIR
 *
 * It makes the stream of synthetic_media.ts from the messages that DIR has, answers clients with what stands there, and
 * checks nothing: peer_c.ts writes the files. Its only purpose is to be compared with.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_CLIENTS = 16384, HEAD_BYTES = 12, STAMP_AT = HEAD_BYTES + 10, FPS = 25, GOP_FRAMES = 50 };

struct blob {
  uint8_t *bytes;
  size_t length;
};

struct client {
  int fd;
  int step; /* Requests answered: the handshake, connect, createStream, play. */
  uint8_t *rest; /* What the socket did not take. */
  size_t rest_length;
};

static struct blob answers[4], keyframe, frame, audio, gop, flush;
static struct client clients[MOST_CLIENTS];
static const char *words[4] = {"", "connect", "createStream", "play"};
static double started_ms;
static int epoll;

static double wall_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static struct blob load(const char *dir, const char *name) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) exit(2);
  struct blob blob = {malloc(1 << 24), 0};
  blob.length = fread(blob.bytes, 1, 1 << 24, file);
  fclose(file);
  return blob;
}

static void append(struct blob *to, const uint8_t *bytes, size_t length) {
  to->bytes = realloc(to->bytes, to->length + length);
  memcpy(to->bytes + to->length, bytes, length);
  to->length += length;
}

static void put(uint8_t *at, uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; i--, value >>= 8) at[i] = value;
}

/* One message into the flush; frame_stamp.ts says what is written into pictures. */
static void append_message(struct blob message, uint32_t time_ms, int64_t number) {
  append(&flush, message.bytes, message.length);
  uint8_t *at = flush.bytes + flush.length - message.length;
  put(at + 1, time_ms, 3);
  if (number < 0) return;
  double sent_ms = started_ms + time_ms;
  uint64_t bits;
  memcpy(&bits, &sent_ms, sizeof bits);
  put(at + STAMP_AT + 4, bits, 8);
  put(at + STAMP_AT + 12, number, 4);
}

static void make_flush(void) {
  static int64_t frames, sounds;
  double now_ms = wall_ms() - started_ms;
  size_t gop_at = SIZE_MAX;
  flush.length = 0;
  for (;;) {
    double video_ms = frames * 1000.0 / FPS, audio_ms = sounds * 1000.0 * 1024 / 44100;
    if ((video_ms < audio_ms ? video_ms : audio_ms) > now_ms) break;
    if (video_ms <= audio_ms) {
      int is_key = frames % GOP_FRAMES == 0;
      if (is_key) gop_at = flush.length;
      append_message(is_key ? keyframe : frame, video_ms, frames);
      frames++;
    } else {
      append_message(audio, audio_ms, -1);
      sounds++;
    }
  }
  if (gop_at != SIZE_MAX) gop.length = 0;
  else gop_at = 0;
  append(&gop, flush.bytes + gop_at, flush.length - gop_at);
}

static void drop(struct client *client) {
  close(client->fd);
  free(client->rest);
  *client = (struct client){.fd = -1};
}

static void send_to(struct client *client, const uint8_t *bytes, size_t length) {
  if (client->rest_length > 0) {
    client->rest = realloc(client->rest, client->rest_length + length);
    memcpy(client->rest + client->rest_length, bytes, length);
    client->rest_length += length;
    return;
  }
  ssize_t count = send(client->fd, bytes, length, MSG_NOSIGNAL);
  if (count < 0) {
    if (errno != EAGAIN) return drop(client);
    count = 0;
  }
  if ((size_t)count == length) return;
  client->rest_length = length - count;
  client->rest = malloc(client->rest_length);
  memcpy(client->rest, bytes + count, client->rest_length);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT, .data.ptr = client};
  epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static void send_rest(struct client *client) {
  ssize_t count = send(client->fd, client->rest, client->rest_length, MSG_NOSIGNAL);
  if (count < 0) {
    if (errno != EAGAIN) drop(client);
    return;
  }
  client->rest_length -= count;
  memmove(client->rest, client->rest + count, client->rest_length);
  if (client->rest_length > 0) return;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
  epoll_ctl(epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static void receive(struct client *client) {
  static uint8_t buffer[65536];
  ssize_t count = recv(client->fd, buffer, sizeof buffer, 0);
  if (count == 0 || (count < 0 && errno != EAGAIN)) return drop(client);
  /* A request that comes in two pieces is not found; on loopback none does. */
  while (count > 0 && client->step < 4) {
    const char *word = words[client->step];
    if (memmem(buffer, count, word, strlen(word)) == NULL) return;
    send_to(client, answers[client->step].bytes, answers[client->step].length);
    if (client->fd < 0) return;
    if (client->step++ == 3) send_to(client, gop.bytes, gop.length);
    if (client->step == 1) return;
  }
}

static void take(int listener) {
  int on = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  for (int i = 0; i < MOST_CLIENTS; i++) {
    if (clients[i].fd >= 0) continue;
    clients[i].fd = fd;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return;
  }
  close(fd);
}

int main(int count, char **args) {
  if (count != 4) return 2;
  const char *dir = args[3];
  const char *names[4] = {"handshake", "connect", "createStream", "play"};
  for (int i = 0; i < 4; i++) answers[i] = load(dir, names[i]);
  keyframe = load(dir, "keyframe"), frame = load(dir, "frame"), audio = load(dir, "audio");
  for (int i = 0; i < MOST_CLIENTS; i++) clients[i].fd = -1;
  int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(args[1]))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0) return 1;
  epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  double flush_ms = atof(args[2]), next_ms = started_ms = wall_ms();
  for (;;) {
    double wait_ms = next_ms - wall_ms();
    if (wait_ms <= 0) {
      make_flush();
      for (int i = 0; i < MOST_CLIENTS; i++) {
        if (clients[i].fd >= 0 && clients[i].step == 4 && flush.length > 0) send_to(&clients[i], flush.bytes, flush.length);
      }
      next_ms += flush_ms;
      continue;
    }
    struct epoll_event events[256];
    int ready = epoll_wait(epoll, events, 256, (int)wait_ms + 1);
    for (int i = 0; i < ready; i++) {
      struct client *client = events[i].data.ptr;
      if (client == NULL) {
        take(listener);
        continue;
      }
      if (client->fd >= 0 && client->rest_length > 0 && (events[i].events & EPOLLOUT)) send_rest(client);
      if (client->fd >= 0 && (events[i].events & ~EPOLLOUT)) receive(client);
    }
  }
}
