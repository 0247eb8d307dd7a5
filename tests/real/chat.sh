# SPDX-License-Identifier: ISC
# shellcheck shell=dash
# shellcheck source=tests/real/lib.sh
#
# Servers of IRC, for those that have sourced lib.sh.  Both want the password of
# the account for PASS.
#
#	start inspircd [V]	sets REAL_IRC, REAL_IRCS
#	start ngircd [V]	sets REAL_NGIRCS

for inspircd in /usr/sbin/inspircd /usr/bin/inspircd; do
	[ ! -x $inspircd ] || break
done

# A key that the server may read, which is not root then.
own_key()
{
	cp "$work/tls/server.key" "$dir/key.pem"
	! is_root || chown nobody "$dir" "$dir/key.pem"
}

# spawn_nobody COMMAND...: it refuses root
spawn_nobody()
{
	! is_root || set -- setpriv --reuid=nobody --regid=nogroup \
	    --clear-groups "$@"
	spawn "$dir" "$@"
}

run_inspircd()
{
	local dir versions='' irc ircs

	case ${1:-} in
	1.2)	versions=:-VERS-ALL:+VERS-TLS1.2 ;;
	1.3)	versions=:-VERS-ALL:+VERS-TLS1.3 ;;
	esac
	irc=$(free_port) ircs=$(free_port)
	new_dir inspircd
	own_key
	cat >"$dir/inspircd.conf" <<-END
	<config format="xml">
	<path configdir="$dir" datadir="$dir" logdir="$dir" runtimedir="$dir">
	<server name="irc.example.test" description="test" id="97K" network="Test">
	<admin name="a" nick="a" email="a@example.test" description="a">
	<module name="ssl_gnutls">
	<module name="starttls">
	<module name="cap">
	<sslprofile name="t" provider="gnutls" certfile="$work/tls/server.crt" keyfile="$dir/key.pem" priority="NORMAL$versions" requestclientcert="no">
	<starttls sslprofile="t">
	<bind address="127.0.0.1" port="$irc" type="clients">
	<bind address="127.0.0.1" port="$ircs" type="clients" sslprofile="t">
	<connect name="all" password="s3cret-pass" allow="*" timeout="20" resolvehostnames="no" useident="no" localmax="5000" globalmax="5000" threshold="1000000">
	<pid file="$dir/inspircd.pid">
	<log method="file" type="*" level="default" target="$dir/irc.log">
	<dns server="127.0.0.1" timeout="1">
	END
	chmod 644 "$dir/inspircd.conf"
	spawn_nobody "$inspircd" --nofork --config "$dir/inspircd.conf"
	serve_file "$dir/inspircd.conf" "$irc" "$ircs" || return 1
	export REAL_IRC="$irc" REAL_IRCS="$ircs"
}

# Debian's is built with GnuTLS.
run_ngircd()
{
	local dir versions='' ngircs

	case ${1:-} in
	1.2)	versions=:-VERS-ALL:+VERS-TLS1.2 ;;
	1.3)	versions=:-VERS-ALL:+VERS-TLS1.3 ;;
	esac
	ngircs=$(free_port)
	new_dir ngircd
	own_key
	cat >"$dir/ngircd.conf" <<-END
	[Global]
	Name = irc.example.test
	Password = s3cret-pass
	AdminInfo1 = test
	Listen = 127.0.0.1
	Ports =
	PidFile = $dir/ngircd.pid
	ServerUID = $(id -un)
	ServerGID = $(id -gn)
	[Limits]
	MaxConnectionsIP = 0
	[Options]
	DNS = no
	Ident = no
	PAM = no
	[SSL]
	CertFile = $work/tls/server.crt
	KeyFile = $dir/key.pem
	Ports = $ngircs
	CipherList = SECURE128$versions
	END
	! is_root || sed -i 's/^Server\([UG]\)ID.*/Server\1ID = 65534/' \
	    "$dir/ngircd.conf"
	spawn "$dir" ngircd --nodaemon --config "$dir/ngircd.conf"
	serve_file "$dir/ngircd.conf" "$ngircs" || return 1
	export REAL_NGIRCS="$ngircs"
}
