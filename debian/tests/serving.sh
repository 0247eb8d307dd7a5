# SPDX-License-Identifier: ISC
# shellcheck shell=dash disable=SC2154 # work is that of lib.sh
#
# The server that the tests talk to, from the package: stop_all of
# tests/real/lib.sh ends it.

# What is stopped may fail, the tests may not.
begin()
{
	make_work
	trap 'set +e; stop_all' EXIT
	mint_ca
}

# wait_for FILE: until something is in it
wait_for()
{
	tries=100
	until grep -q . "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || fail "nothing was said in $1"
		sleep 0.1
	done
}

# serve SCHEME: on a free port
serve()
{
	starttls serve --cert "$work/tls/server.crt" \
	    --key "$work/tls/server.key" --quiet "$1://localhost" \
	    -- "$PWD/examples/imap-hello.sh" >"$work/$1" &
	servers="$servers $!"
	wait_for "$work/$1"
}

# port NAME: where that program listens
port()
{
	sed 's/.*://; q' "$work/$1"
}
