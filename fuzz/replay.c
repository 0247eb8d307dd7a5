/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * A plain main for a fuzz target: give it the files named, and each again with
 * every byte changed a little, so that a run without a fuzzer finds something.
 */

#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_INPUT 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
replay(const char *path)
{
	static uint8_t data[MAX_INPUT];
	FILE *in = fopen(path, "rb");
	size_t size, i, step;

	if (in == NULL) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	size = fread(data, 1, sizeof(data), in);
	fclose(in);
	LLVMFuzzerTestOneInput(data, size);
	step = size / 256 + 1;
	for (i = 0; i < size; i += step) {
		data[i] ^= 1;
		LLVMFuzzerTestOneInput(data, size);
		data[i] ^= 0x81;
		LLVMFuzzerTestOneInput(data, size);
		data[i] ^= 0x80;
		LLVMFuzzerTestOneInput(data, i);
	}
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}
