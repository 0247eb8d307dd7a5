#!/bin/sh
# SPDX-License-Identifier: ISC
# Make ./configure out of a checkout.
set -e
cd "$(dirname "$0")"
mkdir -p m4
exec autoreconf --install --force
