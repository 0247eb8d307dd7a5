# SPDX-License-Identifier: ISC
# shellcheck shell=dash
#
# Real servers on free loopback ports, for the tests in this directory and for
# tools/quickstart.  Everything lives in one private directory, $work; stop_all
# ends the servers and removes it, on every way out.
#
#	mint_ca			$work/tls: ca.pem, other.pem (a stranger), and
#				server.crt, server.key for localhost
#	start dovecot [V]	sets REAL_IMAP, REAL_IMAPS, and REAL_SUBMISSION,
#				REAL_SUBMISSIONS, REAL_POP3, REAL_POP3S, and
#				REAL_LMTP, REAL_LMTPS, REAL_SIEVE, REAL_SIEVES
#				where installed
#	start postfix [V]	sets REAL_SMTP, REAL_SMTPS; root only
#	start vsftpd [V]	sets REAL_FTP, REAL_FTPS
#	start proftpd [V [DIRECTIVE]]
#				the same, where has_proftpd succeeds
#	start nnrpd [V]		sets REAL_NNTP, REAL_NNTPS; root only
#	start innd		behind nnrpd, for posting; root only
#	start prosody [V]	sets REAL_XMPP, REAL_XMPPS, REAL_XMPP_SERVER,
#				REAL_XMPPS_SERVER
#	start ejabberd		the same with _1_2 and _1_3 behind each
#	start nbdkit [V]	sets REAL_NBD
#	start xrdp [V]		sets REAL_RDP
#	start kermit		sets REAL_TELNET, for one connection
#	start program COMMAND...
#				a server of a test's own, on the port that it
#				finds in PORT; sets REAL_PORT
#
# V is 1.2 or 1.3 and confines the server to that version of TLS.  The account
# is tester, password s3cret-pass; at vsftpd, which would need an account of the
# system, it is anonymous with that password.  At Dovecot there is also odd, with
# a password to be quoted.

PATH=$PATH:/usr/sbin:/sbin
umask 022

fail()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

is_root()
{
	[ "$(id -u)" -eq 0 ]
}

# ---- the private directory --------------------------------------------------

# The accounts that the servers drop to must be able to reach it, and the names
# of the sockets in it must stay short.
make_work()
{
	local tmp=${TMPDIR:-/tmp}

	[ ${#tmp} -le 40 ] || tmp=/tmp
	! is_root || as nobody test -x "$tmp" || tmp=/tmp
	work=$(mktemp -d "$tmp/starttls.XXXXXX") || exit 1
	servers=
	trap stop_all EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	chmod 755 "$work"
}

stop_all()
{
	stop_servers
	discard "$work"
}

# Also with directories in it that their owner may not write to.
discard()
{
	[ ! -d "$1" ] || chmod -R u+w "$1"
	rm -rf "$1"
}

stop_servers()
{
	local pid

	for pid in $servers; do
		stop "$pid"
	done
	servers=
}

# as USER COMMAND...
as()
{
	local user=$1

	shift
	setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}

# ---- certificates -----------------------------------------------------------

# issue NAME SECTION SUBJECT [ISSUER [DAYS]]: NAME.pem and NAME.key, in $work/tls
issue()
{
	(cd "$work/tls" && openssl req -x509 -config req.cnf -extensions "$2" \
	    -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "${5:-2}" \
	    -subj "/CN=$3" -out "$1.pem" -keyout "$1.key" \
	    ${4:+-CA "$4.pem" -CAkey "$4.key"}) 2>"$work/openssl.log" ||
	    fail "cannot issue a certificate: $(tail -n 1 "$work/openssl.log")"
}

# issue_dated NAME START END: a leaf for localhost and the intermediate in
# NAME.pem; only "openssl ca" sets a start
issue_dated()
{
	cat >"$work/tls/dated.cnf" <<-END
	[ca]
	default_ca = dated
	[dated]
	database = $work/tls/index
	serial = $work/tls/serial
	new_certs_dir = $work/tls
	default_md = sha256
	policy = names
	unique_subject = no
	[names]
	commonName = supplied
	END
	(cd "$work/tls" && : >index && echo 7001 >serial &&
	    openssl req -new -config req.cnf -newkey ec \
	    -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" \
	    -keyout "$1.key" -out request.pem &&
	    openssl ca -batch -notext -config dated.cnf -extfile req.cnf \
	    -extensions leaf -cert intermediate.pem -keyfile intermediate.key \
	    -startdate "$2" -enddate "$3" -in request.pem -out "$1.leaf" &&
	    cat "$1.leaf" intermediate.pem >"$1.pem") >"$work/openssl.log" 2>&1 ||
	    fail "cannot issue a certificate: $(tail -n 1 "$work/openssl.log")"
}

mint_ca()
{
	mkdir "$work/tls"
	cat >"$work/tls/req.cnf" <<-END
	[req]
	distinguished_name = name
	[name]
	[root]
	basicConstraints = critical, CA:TRUE
	keyUsage = critical, keyCertSign, cRLSign
	subjectKeyIdentifier = hash
	[intermediate]
	basicConstraints = critical, CA:TRUE, pathlen:0
	keyUsage = critical, keyCertSign, cRLSign
	subjectKeyIdentifier = hash
	authorityKeyIdentifier = keyid
	[leaf]
	basicConstraints = critical, CA:FALSE
	keyUsage = critical, digitalSignature
	extendedKeyUsage = serverAuth
	subjectAltName = DNS:localhost, DNS:mail.example.test, IP:127.0.0.1
	authorityKeyIdentifier = keyid
	END
	issue ca root "Test root"
	issue other root "Another root"
	issue intermediate intermediate "Test intermediate" ca
	issue server leaf localhost intermediate
	cat "$work/tls/server.pem" "$work/tls/intermediate.pem" \
	    >"$work/tls/server.crt"
	export REAL_CA="$work/tls/ca.pem"
}

# tls_only V: an OpenSSL configuration that allows version V and no other, for
# servers that have no such setting; prints the name of the file.
tls_only()
{
	cat >"$work/tls/only-$1.cnf" <<-END
	openssl_conf = init
	[init]
	ssl_conf = ssl
	[ssl]
	system_default = defaults
	[defaults]
	MinProtocol = TLSv$1
	MaxProtocol = TLSv$1
	END
	echo "$work/tls/only-$1.cnf"
}

# ---- ports and processes ----------------------------------------------------

# The listening socket of a port of 127.0.0.1, as its inode, from Linux's table.
listener()
{
	awk -v address="0100007F:$(printf %04X "$1")" \
	    '$2 == address && $4 == "0A" { print $10 }' /proc/net/tcp
}

# A port that nobody listens on, below those that the system gives to clients.
# It may be lost to somebody else until the server binds it: start tries again.
free_port()
{
	local port=

	while [ -z "$port" ] || [ -n "$(listener "$port")" ]; do
		port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
	done
	echo "$port"
}

# A process that has ended may linger until it is waited for, and afterwards its
# number may be somebody else's, who is no child of ours.
is_alive()
{
	case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null) in
	[ZX]*)		return 1 ;;
	?" $$ "*)	return 0 ;;
	*)		return 1 ;;
	esac
}

# wait_port PID PORT: until PID, and not somebody else, listens there; fails
# when PID has ended, or after some 20 seconds.
wait_port()
{
	local tries=400

	while [ $tries -gt 0 ] && is_alive "$1"; do
		find "/proc/$1/fd" -lname "socket:\[$(listener "$2")\]" 2>/dev/null |
		    grep -q . && return
		tries=$((tries - 1))
		sleep 0.05
	done
	return 1
}

stop()
{
	local tries=100

	is_alive "$1" && kill "$1" 2>/dev/null
	while [ $tries -gt 0 ] && is_alive "$1"; do
		tries=$((tries - 1))
		sleep 0.05
	done
	kill -s KILL -- "-$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

# spawn DIR COMMAND...: a server in the foreground of a session of its own, with
# its messages in DIR/messages, on all three descriptors: vsftpd complains on 0.
spawn()
{
	local dir=$1

	shift
	setsid "$@" <>"$dir/messages" >&0 2>&1 &
	server=$!
	servers="$servers $server"
}

# serve PORT...: until the server spawned last listens on all of them.
serve()
{
	local port

	for port in "$@"; do
		wait_port "$server" "$port" && continue
		stop "$server"
		servers=${servers% "$server"}
		return 1
	done
}

# serve_file FILE PORT...: the same with one that writes FILE once all ports are
# its own, for servers whose descriptors an ordinary user may not see.
serve_file()
{
	local file=$1 port tries=400

	shift
	for port in "$@"; do
		until [ -s "$file" ] && [ -n "$(listener "$port")" ]; do
			tries=$((tries - 1))
			[ $tries -gt 0 ] && is_alive "$server" && sleep 0.05 &&
			    continue
			stop "$server"
			servers=${servers% "$server"}
			return 1
		done
	done
}

# new_dir SERVER: sets dir, of a caller's, to an empty directory.
new_dir()
{
	dir=$work/$1
	discard "$dir"
	mkdir "$dir"
}

# start SERVER [V]: in three attempts, should somebody take a port first.
start()
{
	local name=$1

	shift
	"run_$name" "$@" || "run_$name" "$@" || "run_$name" "$@" ||
	    fail "cannot start $name: $(tail -q -n 1 "$work/$name/messages" \
	    "$work/$name"/*.log 2>/dev/null | tail -n 1)"
}

# ---- Dovecot ----------------------------------------------------------------

# What has other names since 2.4 is in dovecot_settings, dovecot_user and
# dovecot_listener alone.
dovecot_is_old()
{
	case $(dovecot --version) in
	2.[0-3].*)	return 0 ;;
	*)		return 1 ;;
	esac
}

# The account's name in a path of the configuration.
dovecot_user()
{
	if dovecot_is_old; then
		echo %n
	else
		echo '%{user | username}'
	fi
}

# dovecot_settings MAILDIR HOME [OPENSSL_CONF], as a part of begin_dovecot: one
# that has no TLS takes logins without.
dovecot_settings()
{
	if dovecot_is_old; then
		cat <<-END
		import_environment = TZ ${3:+OPENSSL_CONF=$3}
		ssl_cert = <$work/tls/server.crt
		ssl_key = <$work/tls/server.key
		disable_plaintext_auth = $ssl
		mail_location = maildir:$1
		passdb {
		  driver = passwd-file
		  args = scheme=PLAIN username_format=%n $dir/passwd
		}
		userdb {
		  driver = static
		  args = uid=$mail gid=$group home=$2
		}
		END
		return
	fi
	cat <<-END
	dovecot_config_version = 2.4.0
	dovecot_storage_version = 2.4.0
	import_environment {
	  TZ = %{env:TZ | default("UTC")}
	  ${3:+OPENSSL_CONF = $3}
	}
	ssl_server_cert_file = $work/tls/server.crt
	ssl_server_key_file = $work/tls/server.key
	auth_allow_cleartext = $([ $ssl = yes ] && echo no || echo yes)
	mail_driver = maildir
	mail_path = $1
	passdb passwd-file {
	  default_password_scheme = PLAIN
	  auth_username_format = %{user | username}
	  passwd_file_path = $dir/passwd
	}
	userdb static {
	  fields {
	    uid = $mail
	    gid = $group
	    home = $2
	  }
	}
	END
}

# begin_dovecot NAME PROTOCOLS SSL MAILDIR HOME [OPENSSL_CONF]: sets dir, of a
# caller's, to a directory with a dovecot.conf that lacks listeners.
begin_dovecot()
{
	local name=$1 protocols=$2 ssl=$3
	local user=dovecot login=dovenull mail=mail group=mail service

	shift 3
	new_dir "$name"
	mkdir "$dir/run"
	is_root || user=$(id -un) login=$user mail=$user group=$(id -gn)
	cat >"$dir/passwd" <<-'END'
	tester:{PLAIN}s3cret-pass::::::
	odd:{PLAIN}"s3cret\ päss {3}::::::
	END
	{
		dovecot_settings "$@"
		cat <<-END
		protocols = $protocols
		listen = 127.0.0.1
		base_dir = $dir/run
		state_dir = $dir/run
		log_path = $dir/dovecot.log
		hostname = localhost
		default_internal_user = $user
		default_internal_group = $group
		default_login_user = $login
		first_valid_uid = 1
		ssl = $ssl
		auth_failure_delay = 0
		mail_max_userip_connections = 0
		service anvil {
		  unix_listener anvil-auth-penalty {
		    mode = 0
		  }
		}
		END
		# only root can confine a process to a directory
		for service in anvil imap-urlauth-login; do
			is_root || printf 'service %s {\n  chroot =\n}\n' $service
		done
	} >"$dir/dovecot.conf"
}

# dovecot_listener PROTOCOL PORT [PORT-FOR-TLS [SERVICE]]: a part of its
# configuration.
dovecot_listener()
{
	local count='restart_request_count = unlimited'

	! dovecot_is_old || count='service_count = 0'
	cat <<-END
	service ${4:-$1-login} {
	  $count
	  $(is_root || echo 'chroot =')
	  inet_listener $1 {
	    port = $2
	  }
	  inet_listener ${1}s {
	    port = ${3:-0}
	    ${3:+ssl = yes}
	  }
	}
	END
}

# Submission and POP3 are there when their packages are; what submission accepts
# goes to REAL_SMTP.
# Dovecot has no setting for the highest version of TLS.
run_dovecot()
{
	local dir home only= protocols
	local imap imaps submission='' submissions='' pop3='' pop3s=''
	local lmtp='' lmtps='' sieve='' sieves=''

	only=${1:+$(tls_only "$1")}
	imap=$(free_port) imaps=$(free_port)
	if [ -x /usr/lib/dovecot/submission-login ]; then
		submission=$(free_port) submissions=$(free_port)
	fi
	if [ -x /usr/lib/dovecot/pop3-login ]; then
		pop3=$(free_port) pop3s=$(free_port)
	fi
	[ ! -x /usr/lib/dovecot/lmtp ] ||
	    lmtp=$(free_port) lmtps=$(free_port)
	[ ! -x /usr/lib/dovecot/managesieve-login ] ||
	    sieve=$(free_port) sieves=$(free_port)
	home=$work/dovecot/mail/$(dovecot_user)
	protocols="imap ${submission:+submission} ${pop3:+pop3}"
	protocols="$protocols ${lmtp:+lmtp} ${sieve:+sieve}"
	begin_dovecot dovecot "$protocols" yes "$home" "$home" ${only:+"$only"}
	mkdir "$dir/mail"
	! is_root || chown mail:mail "$dir/mail"
	{
		dovecot_listener imap "$imap" "$imaps"
		[ -z "$submission" ] || cat <<-END
		submission_relay_host = 127.0.0.1
		submission_relay_port = ${REAL_SMTP:-1}
		$(dovecot_listener submission "$submission" "$submissions")
		END
		[ -z "$pop3" ] || dovecot_listener pop3 "$pop3" "$pop3s"
		[ -z "$lmtp" ] || dovecot_listener lmtp "$lmtp" "$lmtps" lmtp
		[ -z "$sieve" ] || dovecot_listener sieve "$sieve" "$sieves" \
		    managesieve-login
	} >>"$dir/dovecot.conf"

	spawn "$dir" dovecot -F -c "$dir/dovecot.conf"
	# shellcheck disable=SC2086 # both or none
	serve "$imap" "$imaps" $submission $submissions $pop3 $pop3s \
	    $lmtp $lmtps $sieve $sieves || return 1
	export REAL_IMAP="$imap" REAL_IMAPS="$imaps"
	[ -z "$submission" ] ||
	    export REAL_SUBMISSION="$submission" REAL_SUBMISSIONS="$submissions"
	[ -z "$pop3" ] || export REAL_POP3="$pop3" REAL_POP3S="$pop3s"
	[ -z "$lmtp" ] || export REAL_LMTP="$lmtp" REAL_LMTPS="$lmtps"
	[ -z "$sieve" ] || export REAL_SIEVE="$sieve" REAL_SIEVES="$sieves"
}

# ---- Postfix ----------------------------------------------------------------

# Accepts mail for example.test and discards it.  Touches neither the queue nor
# the configuration of the machine's own Postfix.
run_postfix()
{
	local dir tls=${1:+TLSv$1} smtp smtps

	smtp=$(free_port) smtps=$(free_port)
	new_dir postfix
	mkdir "$dir/etc" "$dir/spool" "$dir/data"
	chown postfix "$dir/data"
	cat "$work/tls/server.key" "$work/tls/server.crt" >"$dir/chain.pem"
	chmod 600 "$dir/chain.pem"
	cat >"$dir/etc/main.cf" <<-END
	compatibility_level = 3.6
	queue_directory = $dir/spool
	data_directory = $dir/data
	maillog_file = $dir/postfix.log
	maillog_file_prefixes = $dir
	myhostname = mail.example.test
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	mynetworks = 127.0.0.0/8
	mydestination = example.test
	local_recipient_maps =
	alias_maps =
	alias_database =
	local_transport = discard
	default_transport = error:5.7.1 no relaying in tests
	smtpd_peername_lookup = no
	smtp_dns_support_level = disabled
	smtpd_tls_chain_files = $dir/chain.pem
	smtpd_tls_security_level = may
	smtpd_tls_protocols = ${tls:->=TLSv1.2}
	smtpd_tls_mandatory_protocols = ${tls:->=TLSv1.2}
	smtpd_tls_loglevel = 1
	smtpd_client_connection_count_limit = 0
	smtpd_client_event_limit_exceptions = static:all
	smtpd_error_sleep_time = 0
	END
	cat >"$dir/etc/master.cf" <<-END
	127.0.0.1:$smtp inet n - n - - smtpd
	127.0.0.1:$smtps inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
	cleanup unix n - n - 0 cleanup
	qmgr unix n - n 300 1 qmgr
	tlsmgr unix - - n 1000? 1 tlsmgr
	rewrite unix - - n - - trivial-rewrite
	bounce unix - - n - 0 bounce
	defer unix - - n - 0 bounce
	trace unix - - n - 0 bounce
	error unix - - n - - error
	retry unix - - n - - error
	discard unix - - n - - discard
	anvil unix - - n - 1 anvil
	proxymap unix - - n - - proxymap
	postlog unix-dgram n - n - 1 postlogd
	END

	# "start-fg" would keep another session between the master and us.
	postfix -c "$dir/etc" check >"$dir/messages" 2>&1
	spawn "$dir" "$(postconf -c "$dir/etc" -h daemon_directory)/master" \
	    -c "$dir/etc" -s
	serve "$smtp" "$smtps" || return 1
	export REAL_SMTP="$smtp" REAL_SMTPS="$smtps"
}

# ---- vsftpd -----------------------------------------------------------------

# One process a port.  vsftpd has no settings for versions of TLS.  Uploads go
# to the directory incoming, and data channels have to resume their control
# session.
run_vsftpd()
{
	local dir tls user=ftp self=NO ftp ftps

	tls=${1:+OPENSSL_CONF=$(tls_only "$1")}
	ftp=$(free_port) ftps=$(free_port)
	is_root || user=$(id -un) self=YES
	new_dir vsftpd
	mkdir "$dir/empty" "$dir/ftp" "$dir/ftp/incoming"
	! is_root || chown ftp "$dir/ftp/incoming"
	chmod 555 "$dir/empty" "$dir/ftp"
	echo s3cret-pass >"$dir/passwords"
	run_vsftpd_on "$ftp" NO && run_vsftpd_on "$ftps" YES || return 1
	export REAL_FTP="$ftp" REAL_FTPS="$ftps"
}

# run_vsftpd_on PORT IMPLICIT, as a part of run_vsftpd
run_vsftpd_on()
{
	cat >"$dir/$1.conf" <<-END
	listen=YES
	listen_ipv6=NO
	background=NO
	listen_address=127.0.0.1
	listen_port=$1
	implicit_ssl=$2
	ssl_enable=YES
	ssl_tlsv1=YES
	ssl_ciphers=HIGH
	require_ssl_reuse=YES
	strict_ssl_read_eof=YES
	rsa_cert_file=$work/tls/server.crt
	rsa_private_key_file=$work/tls/server.key
	anonymous_enable=YES
	anon_root=$dir/ftp
	anon_world_readable_only=NO
	anon_upload_enable=YES
	anon_other_write_enable=YES
	write_enable=YES
	ftp_username=$user
	secure_email_list_enable=YES
	email_password_file=$dir/passwords
	allow_anon_ssl=YES
	force_anon_logins_ssl=YES
	force_anon_data_ssl=YES
	local_enable=NO
	run_as_launching_user=$self
	secure_chroot_dir=$dir/empty
	connect_from_port_20=NO
	xferlog_enable=YES
	vsftpd_log_file=$dir/vsftpd.log
	log_ftp_protocol=YES
	debug_ssl=YES
	seccomp_sandbox=NO
	max_per_ip=0
	delay_failed_login=0
	END
	spawn "$dir" env ${tls:+"$tls"} vsftpd "$dir/$1.conf"
	serve "$1"
}

# ---- ProFTPD ----------------------------------------------------------------

# Installed, or unpacked by tools/install-deps as vsftpd is in its place.  Sets
# proftpd to the program.
has_proftpd()
{
	proftpd=$(command -v proftpd ||
	    command -v /opt/starttls-tests/proftpd/usr/sbin/proftpd)
}

# Of what is used here: a module that is not in a file of its own is built in.
proftpd_modules()
{
	local name

	for name in xfer ls delay tls; do
		[ ! -e "$modules/mod_$name.so" ] ||
		    echo "LoadModule mod_$name.c"
	done
}

# Uploads go to the directory incoming.  Data channels have to resume their
# control session, as they do unless told otherwise.
run_proftpd()
{
	local dir ftp ftps modules user=ftp confine=DefaultRoot

	has_proftpd || return
	modules=${proftpd%/sbin/*}/lib/proftpd
	ftp=$(free_port) ftps=$(free_port)
	is_root || user=$(id -un) confine=DefaultChdir
	new_dir proftpd
	mkdir "$dir/ftp" "$dir/ftp/incoming"
	! is_root || chown "$user" "$dir/ftp/incoming"
	echo "tester:$(openssl passwd -6 s3cret-pass):$(id -u "$user"):$(id -g \
	    "$user")::$dir/ftp:/bin/sh" >"$dir/passwd"
	chmod 600 "$dir/passwd"
	cat >"$dir/proftpd.conf" <<-END
	ModulePath $modules
	$(proftpd_modules)
	ServerName localhost
	ServerType standalone
	UseIPv6 off
	UseReverseDNS off
	DefaultAddress 127.0.0.1
	SocketBindTight on
	Port $ftp
	User $user
	Group $(id -gn "$user")
	ControlsEngine off
	PidFile $dir/pid
	ScoreboardFile $dir/scoreboard
	DelayEngine off
	SystemLog $dir/proftpd.log
	<Global>
	  AuthOrder mod_auth_file.c
	  AuthUserFile $dir/passwd
	  AuthPAM off
	  RequireValidShell off
	  WtmpLog off
	  TransferLog $dir/transfer.log
	  $confine $dir/ftp
	  AllowOverwrite on
	  TLSEngine on
	  TLSProtocol TLSv${1:-1.2 TLSv1.3}
	  ${2:-}
	  TLSECCertificateFile $work/tls/server.pem
	  TLSECCertificateKeyFile $work/tls/server.key
	  TLSCertificateChainFile $work/tls/intermediate.pem
	  TLSVerifyClient off
	  TLSRequired on
	  TLSRenegotiate none
	  TLSLog $dir/tls.log
	</Global>
	<VirtualHost 127.0.0.1>
	  ServerName localhost
	  Port $ftps
	  TLSOptions UseImplicitSSL
	</VirtualHost>
	END
	spawn "$dir" "$proftpd" -n -q -c "$dir/proftpd.conf"
	serve_file "$dir/pid" "$ftp" "$ftps" || return 1
	export REAL_FTP="$ftp" REAL_FTPS="$ftps"
}

# ---- INN --------------------------------------------------------------------

# nnrpd without innd: one group, local.test, and it is empty.  Articles can be
# posted once innd runs as well.
run_nnrpd()
{
	local dir tls="TLSv${1:-1.2 TLSv1.3}" bin=/usr/lib/news/bin nntp nntps

	nntp=$(free_port) nntps=$(free_port)
	new_dir nnrpd
	mkdir -p "$dir/etc" "$dir/db" "$dir/run" "$dir/log" "$dir/tmp" \
	    "$dir/filter" "$dir/spool/overview" "$dir/spool/articles"
	cp "$work/tls/server.key" "$dir/etc"

	cat >"$dir/etc/inn.conf" <<-END
	mta: "/bin/true %s"
	organization: "test"
	pathhost: news.example.test
	domain: example.test
	fromhost: example.test
	hismethod: hisv6
	ovmethod: tradindexed
	enableoverview: true
	wireformat: true
	storeonxref: true
	runasuser: news
	runasgroup: news
	pathnews: /usr/lib/news
	pathbin: $bin
	pathetc: $dir/etc
	pathdb: $dir/db
	pathrun: $dir/run
	pathlog: $dir/log
	pathtmp: $dir/tmp
	pathspool: $dir/spool
	patharticles: $dir/spool/articles
	pathoverview: $dir/spool/overview
	pathfilter: $dir/filter
	nnrpdloadlimit: 0
	icdsynccount: 1
	tlscertfile: $work/tls/server.crt
	tlskeyfile: $dir/etc/server.key
	tlsprotocols: [ $tls ]
	END
	cat >"$dir/etc/storage.conf" <<-END
	method tradspool {
	    newsgroups: *
	    class: 0
	}
	END
	cat >"$dir/etc/readers.conf" <<-END
	auth "plain" {
	    hosts: "*"
	    auth: "ckpasswd -f $dir/etc/passwd"
	    require_encryption: true
	}
	access "all" {
	    users: "tester*"
	    newsgroups: "*"
	    access: RP
	}
	END
	echo "tester:$(openssl passwd -6 s3cret-pass)" >"$dir/etc/passwd"
	: >"$dir/etc/inn-secrets.conf"
	: >"$dir/db/active.times"
	: >"$dir/db/history"
	cat >"$dir/db/active" <<-END
	control 0000000000 0000000001 n
	control.cancel 0000000000 0000000001 n
	junk 0000000000 0000000001 n
	local.test 0000000000 0000000001 y
	END
	printf 'local.test\tA test\n' >"$dir/db/newsgroups"
	chown -R news:news "$dir"
	(cd "$dir/db" && export INNCONF="$dir/etc/inn.conf" &&
	    as news $bin/makehistory -O -s 1000) >"$dir/messages" 2>&1

	run_nnrpd_on "$nntp" && run_nnrpd_on "$nntps" -S || return 1
	export REAL_NNTP="$nntp" REAL_NNTPS="$nntps"
}

# run_nnrpd_on PORT [-S], as a part of run_nnrpd
run_nnrpd_on()
{
	spawn "$dir" env INNCONF="$dir/etc/inn.conf" "$bin/nnrpd" -D -f -n \
	    -b 127.0.0.1 -c "$dir/etc/readers.conf" -p "$@"
	serve "$1"
}

# innd behind nnrpd, which has to run: what is posted there is then to be read.
run_innd()
{
	local dir port etc=$work/nnrpd/etc

	port=$(free_port)
	new_dir innd
	echo 'peer ME { hostname: 127.0.0.1 }' >"$etc/incoming.conf"
	echo 'ME:*::' >"$etc/newsfeeds"
	printf '/remember/:10\n*:A:1:10:never\n' >"$etc/expire.ctl"
	: >"$etc/control.ctl"
	chown -R news:news "$dir" "$etc"
	spawn "$dir" env INNCONF="$etc/inn.conf" setpriv --reuid=news \
	    --regid=news --clear-groups /usr/lib/news/bin/innd -d -N \
	    -4 127.0.0.1 -P "$port"
	serve "$port"
}

# ---- Prosody ----------------------------------------------------------------

# Refuses to be root.  Where it may not write its pidfile it hangs with a part
# of its ports.
run_prosody()
{
	local dir protocol=tlsv1_2+ c2s c2s_tls s2s s2s_tls

	[ -z "$1" ] || protocol=tlsv$(echo "$1" | tr . _)
	c2s=$(free_port) c2s_tls=$(free_port)
	s2s=$(free_port) s2s_tls=$(free_port)
	new_dir prosody
	mkdir -p "$dir/data/localhost/accounts"
	echo 'return { ["password"] = "s3cret-pass"; };' \
	    >"$dir/data/localhost/accounts/tester.dat"
	cp "$work/tls/server.key" "$dir/server.key"
	cat >"$dir/prosody.cfg.lua" <<-END
	pidfile = "$dir/data/prosody.pid"
	data_path = "$dir/data"
	log = { info = "$dir/data/prosody.log" }
	modules_enabled = { "tls", "saslauth", "disco", "roster", "ping", "s2s",
	    "dialback" }
	modules_disabled = { "offline" }
	use_ipv6 = false
	interfaces = { "127.0.0.1" }
	local_interfaces = { "127.0.0.1" }
	c2s_ports = { $c2s }
	c2s_direct_tls_ports = { $c2s_tls }
	s2s_ports = { $s2s }
	s2s_direct_tls_ports = { $s2s_tls }
	http_ports = {}
	https_ports = {}
	component_ports = {}
	c2s_require_encryption = true
	s2s_require_encryption = true
	authentication = "internal_plain"
	storage = "internal"
	local identity = { certificate = "$work/tls/server.crt",
	    key = "$dir/server.key", protocol = "$protocol" }
	ssl = identity
	c2s_direct_tls_ssl = identity
	s2s_direct_tls_ssl = identity
	VirtualHost "localhost"
	VirtualHost "mail.example.test"
	VirtualHost "wrong.example.test"
	VirtualHost "bücher.example.test"
	END
	if is_root; then
		chown -R prosody "$dir/data" "$dir/server.key"
		set -- setpriv --reuid=prosody \
		    --regid="$(id -g prosody)" --clear-groups
	else
		set --
	fi
	spawn "$dir" "$@" prosody -F --config "$dir/prosody.cfg.lua"
	serve_file "$dir/data/prosody.pid" "$c2s" "$c2s_tls" "$s2s" "$s2s_tls" ||
	    return 1
	export REAL_XMPP="$c2s" REAL_XMPPS="$c2s_tls" \
	    REAL_XMPP_SERVER="$s2s" REAL_XMPPS_SERVER="$s2s_tls"
}

# Both versions at once, as it takes seconds to start: REAL_XMPP_12 and the like.
# Without a name the node needs no epmd.
run_ejabberd()
{
	local dir version other port ports= libraries user=

	new_dir ejabberd
	mkdir "$dir/data"
	cat "$work/tls/server.crt" "$work/tls/server.key" >"$dir/data/server.pem"
	cat >"$dir/data/ejabberd.yml" <<-END
	hosts: [localhost, wrong.example.test]
	certfiles: ["$dir/data/server.pem"]
	ca_file: "$work/tls/ca.pem"
	s2s_use_starttls: required
	auth_method: anonymous
	modules: {mod_disco: {}, mod_s2s_dialback: {}}
	listen:
	END
	for version in 1_2 1_3; do
		other=$([ $version = 1_2 ] && echo 1_3 || echo 1_2)
		for role in "XMPP c2s starttls_required" "XMPPS c2s tls" \
		    "XMPP_SERVER s2s_in" "XMPPS_SERVER s2s_in tls"; do
			# shellcheck disable=SC2086
			set -- $role
			port=$(free_port) ports="$ports $port"
			export "REAL_$1_$version=$port"
			cat <<-END
			  - port: $port
			    ip: "127.0.0.1"
			    module: ejabberd_$2
			    protocol_options: [no_sslv3, no_tlsv1, no_tlsv1_1,
			      no_tlsv$other]
			END
			[ -z "${3:-}" ] || echo "    $3: true"
		done
	done >>"$dir/data/ejabberd.yml"
	for libraries in /usr/lib/*/ejabberd-*/ebin /usr/lib/erlang/lib; do
		[ ! -d "$libraries" ] || break
	done
	if is_root; then
		chown -R ejabberd "$dir/data"
		user=ejabberd
	fi
	# shellcheck disable=SC2086
	spawn "$dir" ${user:+setpriv --reuid=$user --regid=$user \
	    --clear-groups} env HOME="$dir/data" \
	    ERL_LIBS="${libraries%/ejabberd*}" \
	    EJABBERD_CONFIG_PATH="$dir/data/ejabberd.yml" \
	    EJABBERD_LOG_PATH="$dir/data/log" SPOOL_DIR="$dir/data" \
	    ERL_CRASH_DUMP=/dev/null erl -noinput -mnesia dir \
	    "\"$dir/data/spool\"" -s ejabberd
	# shellcheck disable=SC2086
	serve $ports
}

# ---- NBD, RDP, telnet ---------------------------------------------------------

# nbdkit dies with whoever has started it, so there is a shell around it.
run_nbdkit()
{
	local dir port only=

	port=$(free_port)
	new_dir nbdkit
	mkdir "$dir/tls"
	cp "$work/tls/ca.pem" "$dir/tls/ca-cert.pem"
	cp "$work/tls/server.crt" "$dir/tls/server-cert.pem"
	cp "$work/tls/server.key" "$dir/tls/server-key.pem"
	# of GnuTLS, which has 1.3 anyhow; its settings are in a file
	if [ "${1:-}" = 1.2 ]; then
		only=$dir/gnutls
		printf '[overrides]\ndisabled-version = tls1.3\n' >"$only"
	fi
	spawn "$dir" env ${only:+"GNUTLS_SYSTEM_PRIORITY_FILE=$only"} nbdkit \
	    -f --tls=on --tls-certificates="$dir/tls" \
	    -i 127.0.0.1 -p "$port" memory 1M
	serve "$port" || return 1
	export REAL_NBD="$port"
}

run_xrdp()
{
	local dir port versions="TLSv1.2, TLSv1.3"

	[ -z "${1:-}" ] || versions=TLSv$1
	port=$(free_port)
	new_dir xrdp
	sed -e "s|^port=.*|port=tcp://127.0.0.1:$port|" \
	    -e "s|^security_layer=.*|security_layer=tls|" \
	    -e "s|^certificate=.*|certificate=$work/tls/server.crt|" \
	    -e "s|^key_file=.*|key_file=$work/tls/server.key|" \
	    -e "s|^ssl_protocols=.*|ssl_protocols=$versions|" \
	    -e "s|^LogFile=.*|LogFile=$dir/xrdp.log|" \
	    -e "s|^EnableSyslog=.*|EnableSyslog=false|" \
	    /etc/xrdp/xrdp.ini >"$dir/xrdp.ini"
	# the name of the file is its own, so there is one at a time
	rm -f /run/xrdp/xrdp.pid
	spawn "$dir" xrdp -n -c "$dir/xrdp.ini"
	serve "$port" || return 1
	export REAL_RDP="$port"
}

# C-Kermit sends the leaf alone.
run_kermit()
{
	local dir port

	port=$(free_port)
	new_dir kermit
	cat >"$dir/script" <<-END
	set authentication tls rsa-cert-file $work/tls/server.pem
	set authentication tls rsa-key-file $work/tls/server.key
	set telopt /server start-tls required
	set telopt /server authentication refused
	set tcp reverse-dns-lookup off
	set tcp address 127.0.0.1
	set host * $port /telnet
	output Welcome\\13\\10login:
	input 5 bye
	exit
	END
	spawn "$dir" kermit -Y -C "take $dir/script"
	serve "$port" || return 1
	export REAL_TELNET="$port"
}

# ---- a test's own -----------------------------------------------------------

run_program()
{
	local dir port

	port=$(free_port)
	new_dir program
	PORT=$port spawn "$dir" "$@"
	serve "$port" || return 1
	REAL_PORT=$port
}
