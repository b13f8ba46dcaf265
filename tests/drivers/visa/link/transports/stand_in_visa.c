/* VISA's calls in front of a loopback socket, as a vendor's library has them.
 *
 * Each viWrite goes as a frame: 4 bytes of length, one byte that says END, the bytes. Each viRead
 * asks for so many bytes by a frame of kind 2, and gets length, END and bytes, or a timeout. The port
 * is the primary address of GPIB0, which leaves parsing to PyVISA.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SUCCESS 0
#define SUCCESS_MAX_COUNT 0x3FFF0006
#define ERROR_RESOURCE_NOT_FOUND ((int32_t)0xBFFF0011)
#define ERROR_TIMEOUT ((int32_t)0xBFFF0015)
#define ERROR_CONNECTION_LOST ((int32_t)0xBFFF00A6)
#define ERROR_NOT_SUPPORTED ((int32_t)0xBFFF001D)
#define ATTRIBUTE_SEND_END 0x3FFF0016u
#define ATTRIBUTE_TIMEOUT 0x3FFF001Au
#define ATTRIBUTE_INTERFACE 0x3FFF0171u

static uint32_t send_end = 1;
static uint32_t timeout_ms = 2000;

static int whole(int fd, void *data, size_t size, int out)
{
    char *at = data;
    while (size > 0) {
        ssize_t count = out ? send(fd, at, size, MSG_NOSIGNAL) : recv(fd, at, size, 0);
        if (count <= 0)
            return 0;
        at += count;
        size -= (size_t)count;
    }
    return 1;
}

static int frame(int fd, uint32_t size, uint8_t kind, const void *data)
{
    unsigned char head[5] = {size >> 24, size >> 16, size >> 8, size, kind};
    return whole(fd, head, 5, 1) && whole(fd, (void *)data, data ? size : 0, 1);
}

int32_t viOpenDefaultRM(uint32_t *manager)
{
    *manager = 1;
    return SUCCESS;
}

int32_t viOpen(uint32_t manager, const char *name, uint32_t mode, uint32_t patience, uint32_t *session)
{
    unsigned port = 0;
    struct sockaddr_in peer = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    (void)manager, (void)mode, (void)patience;
    if (sscanf(name, "GPIB0::%u", &port) != 1)
        return ERROR_RESOURCE_NOT_FOUND;
    peer.sin_port = htons((uint16_t)port);
    peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0) {
        close(fd);
        return ERROR_RESOURCE_NOT_FOUND;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *session = (uint32_t)fd + 1000;
    return SUCCESS;
}

int32_t viClose(uint32_t session)
{
    if (session >= 1000) {
        shutdown((int)session - 1000, SHUT_RDWR);
        close((int)session - 1000);
    }
    return SUCCESS;
}

int32_t viWrite(uint32_t session, const unsigned char *data, uint32_t count, uint32_t *written)
{
    *written = count;
    return frame((int)session - 1000, count, send_end ? 1 : 0, data) ? SUCCESS
                                                                     : ERROR_CONNECTION_LOST;
}

int32_t viRead(uint32_t session, unsigned char *data, uint32_t count, uint32_t *received)
{
    int fd = (int)session - 1000;
    unsigned char head[5];
    *received = 0;
    if (!frame(fd, count, 2, NULL) || !frame(fd, timeout_ms, 3, NULL) || !whole(fd, head, 5, 0))
        return ERROR_CONNECTION_LOST;
    *received = (uint32_t)head[0] << 24 | head[1] << 16 | head[2] << 8 | head[3];
    if (!whole(fd, data, *received, 0))
        return ERROR_CONNECTION_LOST;
    return head[4] == 2 ? ERROR_TIMEOUT : head[4] == 1 ? SUCCESS : SUCCESS_MAX_COUNT;
}

int32_t viReadSTB(uint32_t session, uint16_t *status)
{
    int fd = (int)session - 1000;
    unsigned char head[5];
    if (!frame(fd, 0, 4, NULL) || !whole(fd, head, 5, 0))
        return ERROR_CONNECTION_LOST;
    *status = head[4];
    return SUCCESS;
}

int32_t viClear(uint32_t session)
{
    return frame((int)session - 1000, 0, 5, NULL) ? SUCCESS : ERROR_CONNECTION_LOST;
}

int32_t viSetAttribute(uint32_t session, uint32_t attribute, uint64_t value)
{
    (void)session;
    if (attribute == ATTRIBUTE_SEND_END)
        send_end = (uint32_t)value;
    else if (attribute == ATTRIBUTE_TIMEOUT)
        timeout_ms = (uint32_t)value;
    else
        return ERROR_NOT_SUPPORTED;
    return SUCCESS;
}

int32_t viGetAttribute(uint32_t session, uint32_t attribute, void *value)
{
    (void)session;
    if (attribute == ATTRIBUTE_INTERFACE)
        *(uint16_t *)value = 1;
    else if (attribute == ATTRIBUTE_TIMEOUT)
        *(uint32_t *)value = timeout_ms;
    else
        return ERROR_NOT_SUPPORTED;
    return SUCCESS;
}

int32_t viParseRsrcEx(uint32_t manager, const char *name, uint16_t *kind, uint16_t *board, char *class_,
                      char *whole_name, char *alias)
{
    (void)manager;
    *kind = 1;
    *board = 0;
    strcpy(class_, "INSTR");
    strcpy(whole_name, name);
    alias[0] = 0;
    return SUCCESS;
}

int32_t viStatusDesc(uint32_t session, int32_t status, char *text)
{
    (void)session;
    sprintf(text, "status %x", (unsigned)status);
    return SUCCESS;
}
