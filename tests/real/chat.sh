# SPDX-License-Identifier: ISC
# shellcheck shell=dash
# shellcheck source=tests/real/lib.sh
#
# Servers of IRC, for those that have sourced lib.sh.  Both want the password of
# the account for PASS.
#
#	start inspircd [V]	sets REAL_IRC, REAL_IRCS
#	start services		of accounts, behind an InspIRCd that was started
#				with irc_services=yes, where has_irc_services
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
	REAL_IRC_LINK=$(free_port)
	[ -z "${irc_services:-}" ] || cat >>"$dir/inspircd.conf" <<-END
	<module name="spanningtree">
	<module name="services_account">
	<module name="sasl">
	<bind address="127.0.0.1" port="$REAL_IRC_LINK" type="servers">
	<link name="services.example.test" ipaddr="127.0.0.1" allowmask="127.0.0.1" port="$REAL_IRC_LINK" sendpass="link" recvpass="link">
	<uline server="services.example.test" silent="yes">
	<sasl target="services.example.test">
	END
	chmod 644 "$dir/inspircd.conf"
	spawn_nobody "$inspircd" --nofork --config "$dir/inspircd.conf"
	serve_file "$dir/inspircd.conf" "$irc" "$ircs" || return 1
	export REAL_IRC="$irc" REAL_IRCS="$ircs"
}

# Atheme's protocol is that of InspIRCd 3.
has_irc_services()
{
	[ -x "$inspircd" ] && command -v atheme-services >/dev/null &&
	    "$inspircd" --version | grep -q InspIRCd-3
}

# tester has an account; until the two have told each other all that they know.
run_services()
{
	local dir now tries=200

	now=$(date +%s)
	new_dir services
	! is_root || chown nobody "$dir"
	cat >"$dir/services.conf" <<-END
	loadmodule "modules/protocol/inspircd";
	loadmodule "modules/backend/opensex";
	loadmodule "modules/nickserv/main";
	loadmodule "modules/saslserv/main";
	loadmodule "modules/saslserv/plain";
	serverinfo {
		name = "services.example.test"; desc = "test"; numeric = "00A";
		netname = "Test"; adminname = "a"; adminemail = "a@example.test";
		registeremail = "a@example.test"; hidehostsuffix = "test";
		recontime = 1; mta = "/bin/true"; auth = none;
		casemapping = rfc1459; loglevel = { error; };
	};
	uplink "irc.example.test" {
		host = "127.0.0.1"; port = $REAL_IRC_LINK;
		send_password = "link"; receive_password = "link";
	};
	nickserv { nick = "NickServ"; user = "n"; host = "x"; real = "n"; };
	saslserv { nick = "SaslServ"; user = "s"; host = "x"; real = "s"; };
	END
	cat >"$dir/services.db" <<-END
	GRVER 1
	DBV 12
	LUID AAAAAAAABA
	CF +AFHORVabefhioqrstv
	MU AAAAAAAAB tester s3cret-pass a@example.test $now $now +b default
	MN tester tester $now $now
	END
	! is_root || chown nobody "$dir/services.db"
	spawn_nobody atheme-services -n -c "$dir/services.conf" -D "$dir" \
	    -l "$dir/services.log" -p "$dir/services.pid"
	until grep -q 'Finished bursting' "$work/inspircd/irc.log"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] && is_alive "$server" || return 1
		sleep 0.05
	done
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
