/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/* Addresses: what people write, and what they get to see. */

#ifndef LOOP_ADDRESS_H
#define LOOP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

struct sockaddr;
struct addrinfo;

#define PEER_SIZE 64

/* HOST:PORT or [ADDRESS]:PORT, the port from @least on; false for what is none.
   What is returned replaces, and frees, what was there. */
bool parse_address(const char *text, long least, char **ret_host,
		   char **ret_port);

/* "127.0.0.1:25" or "[::1]:25"; "local" for a UNIX socket. */
void show_address(const struct sockaddr *address, unsigned len, char *buf,
		  size_t size);

/* Nobody else's machine. */
bool is_loopback(const struct sockaddr *address);

/* To listen on, or of loopback only.  Returns 0; or, with what is wrong in @why,
   STARTTLS_E_INVALID for an address that is not acceptable, or
   STARTTLS_E_SYSTEM.  The host is repeated there as it was given. */
int find_address(const char *host, const char *port, bool only_loopback,
		 struct addrinfo **ret_list, char *why, size_t size);

#endif
