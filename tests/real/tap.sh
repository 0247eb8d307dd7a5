# SPDX-License-Identifier: ISC
# shellcheck shell=dash
# shellcheck source=tests/real/lib.sh
#
# What the tests in this directory share: results as TAP, and what is tried with
# each server.  STARTTLS is the program under test.

. "$(dirname "$0")/lib.sh"
STARTTLS=${STARTTLS:-${abs_top_builddir:-.}/starttls}
[ -x "$STARTTLS" ] || {
	echo "Bail out! $STARTTLS has not been built"
	exit 1
}

plan()
{
	echo "1..$1${2:+ # SKIP $2}"
	count=0 failed=0
}

# skip_all REASON: the whole test
skip_all()
{
	plan 0 "$1"
	exit 0
}

ok()
{
	count=$((count + 1))
	echo "ok $count - $*"
}

not_ok()
{
	count=$((count + 1)) failed=$((failed + 1))
	echo "not ok $count - $*"
}

# finish: the status of the test as a whole
finish()
{
	[ "$failed" -eq 0 ]
}

# needs_root WHAT, needs PROGRAM...
needs_root()
{
	is_root || skip_all "$1 needs root"
}

needs()
{
	local program

	for program in "$@"; do
		command -v "$program" >/dev/null ||
		    skip_all "$program is missing: tools/install-deps tests"
	done
}

# waited_in_vain: whether a server has not answered that is known to forget what
# it is told, see forgetful; once more then, but not for ever
forgetful=
waited_in_vain()
{
	[ -n "$forgetful" ] && [ $tries -lt 3 ] &&
	    grep -q 'deadline\|seconds have passed' "$work/output"
}

# expect STATUS TEXT COMMAND...
expect()
{
	local want=$1 text=$2 status=0 tries=0

	shift 2
	while [ $tries -eq 0 ] || { [ $status -ne "$want" ] &&
	    waited_in_vain; }; do
		tries=$((tries + 1)) status=0
		"$@" >"$work/output" 2>&1 || status=$?
	done
	if [ $status -eq "$want" ]; then
		ok "$text"
	else
		not_ok "$text: status $status, not $want"
		sed 's/^/# /' "$work/output"
	fi
}

# without_blanks: the folders src and build by names that libtool takes, which
# minds blanks; in $work
without_blanks()
{
	ln -s "$(cd "$src" && pwd)" "$work/src" &&
	    ln -s "$(cd "$build" && pwd)" "$work/build" || exit 1
	src=$work/src build=$work/build
}

# report_shows V ARGUMENT...
report_shows()
{
	local version=$1

	shift
	"$STARTTLS" report "$@" >"$work/report" || return
	cat "$work/report"
	grep -q "^version  *TLS$version\$" "$work/report"
}

# begins_anew SCHEME PORT: a second connection is as good, and resumes nothing
begins_anew()
{
	"$STARTTLS" check --resume --ca-file "$REAL_CA" --timeout 10 \
	    "$1://localhost:$2" >"$work/again" || return
	cat "$work/again"
	grep -q '^  resumption  *no: ' "$work/again"
}

# run_front URL BACKEND: "starttls serve" in front of a local server, its messages
# in $work/front/messages; the port goes to front
run_front()
{
	local dir

	front=$(free_port)
	new_dir front
	spawn "$dir" "$STARTTLS" serve --cert "$work/tls/server.crt" \
	    --key "$work/tls/server.key" --listen "127.0.0.1:$front" \
	    --to "127.0.0.1:$2" "$1"
	serve "$front"
}

# upgraded COMMAND...: whether it ends well, and has spoken TLS with the front
upgraded()
{
	local tries=100

	"$@" || return
	until grep -q ': ok: TLS1' "$work/front/messages"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return
		sleep 0.05
	done
}

# exercise SCHEME PORT V [CONVERSATION]: four results, and one for that.  The
# port of the URL is named as well, as some schemes have no usual one.
exercise()
{
	local what="$1, TLS $3" url="$1://localhost:9" version=$3
	local script=${4:-}

	set -- --timeout 10 --connect "127.0.0.1:$2"
	expect 0 "$what: check" \
	    "$STARTTLS" check --ca-file "$REAL_CA" "$@" "$url"
	expect 0 "$what: report names the version" \
	    report_shows "$version" --ca-file "$REAL_CA" "$@" "$url"
	expect 5 "$what: the anchor is another CA" \
	    "$STARTTLS" check --ca-file "$work/tls/other.pem" "$@" "$url"
	expect 5 "$what: the certificate is for another name" \
	    "$STARTTLS" check --ca-file "$REAL_CA" "$@" \
	    "${url%%://*}://wrong.example.test:9"
	[ -n "$script" ] || return 0
	echo "$script" >"$work/script"
	expect 0 "$what: a conversation" talks "$STARTTLS" connect \
	    --ca-file "$REAL_CA" "$@" "$url"
}

# talks COMMAND...: by $work/script
talks()
{
	"$(dirname "$0")/talk.py" "$@" <"$work/script"
}
