# SPDX-License-Identifier: ISC
# shellcheck shell=dash
# shellcheck source=tests/real/lib.sh
#
# More real servers, as in lib.sh, which are no mail servers:
#
#	start slapd [V]		sets REAL_LDAP, REAL_LDAPS, and DN to the
#				account's name; without V, TLS 1.2 and 1.3
#	start postgres [V]	sets REAL_POSTGRES; plain for V: without TLS
#	start mariadb [V]	sets REAL_MYSQL; plain for V: without TLS
#
# Root is nobody that PostgreSQL and MariaDB would run as, so they have their
# package's account then.

PATH=$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)

# own USER PATH...: and the server's key, which has to be its user's own
own()
{
	local user=$1

	shift
	cp "$work/tls/server.key" "$dir/server.key"
	chmod 600 "$dir/server.key"
	! is_root || chown -R "$user" "$dir" "$@"
}

# as_user USER COMMAND...: as USER if we may choose
as_user()
{
	if is_root; then
		as "$@"
	else
		shift
		"$@"
	fi
}

# Debian 12 links it with GnuTLS, Debian 13 with OpenSSL.
slapd_has_gnutls()
{
	ldd "$(command -v slapd)" | grep -q libgnutls
}

# There is no setting for the highest version of either.
run_slapd()
{
	local dir user=openldap conf=

	REAL_LDAP=$(free_port) REAL_LDAPS=$(free_port)
	DN=uid=tester,dc=example,dc=test
	export REAL_LDAP REAL_LDAPS DN
	new_dir slapd
	mkdir "$dir/db"
	: >"$dir/only.conf"
	if [ -n "${1:-}" ]; then
		! slapd_has_gnutls ||
		    echo "TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS$1" \
			>"$dir/only.conf"
		conf=$(tls_only "$1")
	fi
	cat >"$dir/slapd.conf" <<-END
	include /etc/ldap/schema/core.schema
	include /etc/ldap/schema/cosine.schema
	include /etc/ldap/schema/inetorgperson.schema
	modulepath /usr/lib/ldap
	moduleload back_mdb.la
	pidfile $dir/slapd.pid
	argsfile $dir/slapd.args
	loglevel none
	TLSCertificateFile $work/tls/server.crt
	TLSCertificateKeyFile $dir/server.key
	TLSCACertificateFile $work/tls/ca.pem
	include $dir/only.conf
	TLSVerifyClient ${slapd_verifies:-never}
	authz-regexp ^cn=tester.*$ $DN
	authz-regexp ^uid=tester,cn=[^,]*,cn=auth$ $DN
	password-hash {CLEARTEXT}
	security ${slapd_security:-simple_bind=128}
	sasl-cbinding ${slapd_binding:-none}
	access to attrs=userPassword by anonymous auth by * none
	access to * by * read
	database mdb
	maxsize 10485760
	suffix "dc=example,dc=test"
	rootdn "cn=admin,dc=example,dc=test"
	directory $dir/db
	END
	cat >"$dir/init.ldif" <<-END
	dn: dc=example,dc=test
	objectClass: dcObject
	objectClass: organization
	dc: example
	o: example

	dn: $DN
	objectClass: inetOrgPerson
	uid: tester
	cn: tester
	sn: tester
	userPassword: s3cret-pass
	END
	slapadd -q -f "$dir/slapd.conf" -l "$dir/init.ldif" \
	    >"$dir/slapadd.log" 2>&1 || return
	own $user
	set -- -h "ldap://127.0.0.1:$REAL_LDAP/ ldaps://127.0.0.1:$REAL_LDAPS/"
	! is_root || set -- "$@" -u $user -g $user
	spawn "$dir" env ${conf:+OPENSSL_CONF="$conf"} \
	    slapd "$@" -f "$dir/slapd.conf" -d none
	serve "$REAL_LDAP" "$REAL_LDAPS"
}

run_postgres()
{
	local dir tls=on version=${1:-}

	[ "$version" != plain ] || tls=off version=
	REAL_POSTGRES=$(free_port)
	export REAL_POSTGRES
	new_dir postgres
	own postgres
	as_user postgres initdb -D "$dir/data" -U postgres --auth=trust --no-sync \
	    -E UTF8 --locale=C >"$dir/initdb.log" 2>&1 || return
	cat >>"$dir/data/postgresql.conf" <<-END
	listen_addresses = '127.0.0.1'
	port = $REAL_POSTGRES
	unix_socket_directories = ''
	ssl = $tls
	ssl_cert_file = '$work/tls/server.crt'
	ssl_key_file = '$dir/server.key'
	ssl_min_protocol_version = 'TLSv${version:-1.2}'
	ssl_max_protocol_version = 'TLSv${version:-1.3}'
	fsync = off
	shared_buffers = 16MB
	max_connections = 20
	logging_collector = off
	END
	cat >"$dir/data/pg_hba.conf" <<-END
	host all postgres 127.0.0.1/32 trust
	host${hostssl:-} all all 127.0.0.1/32 ${pg_auth:-reject}
	END
	set -- postgres -D "$dir/data"
	! is_root || set -- setpriv --reuid=postgres --regid=postgres \
	    --init-groups "$@"
	spawn "$dir" "$@"
	serve "$REAL_POSTGRES"
}

run_mariadb()
{
	local dir user=mysql tls version=${1:-}

	is_root || user=$(id -un)
	REAL_MYSQL=$(free_port)
	export REAL_MYSQL
	new_dir mariadb
	mkdir "$dir/data" "$dir/tmp"
	tls="ssl-cert = $work/tls/server.crt
	ssl-key = $dir/server.key"
	[ "$version" != plain ] || tls=skip-ssl version=
	cat >"$dir/my.cnf" <<-END
	[mariadbd]
	user = $user
	datadir = $dir/data
	tmpdir = $dir/tmp
	socket = $dir/tmp/s
	pid-file = $dir/tmp/pid
	port = $REAL_MYSQL
	bind-address = 127.0.0.1
	max_connect_errors = 2
	init-file = $dir/init.sql
	$tls
	tls_version = ${version:+TLSv}${version:-TLSv1.2,TLSv1.3}
	max_connections = ${mariadb_max:-20}
	innodb_buffer_pool_size = 16M
	innodb_log_file_size = 8M
	innodb_flush_log_at_trx_commit = 0
	performance_schema = off
	END
	# somebody has to be welcome from wherever a test comes
	echo "CREATE USER IF NOT EXISTS 'tester'@'%' IDENTIFIED BY" \
	    "'s3cret-pass' REQUIRE SSL;" >"$dir/init.sql"
	own "$user"
	mariadb-install-db --defaults-file="$dir/my.cnf" --user="$user" \
	    --skip-test-db --auth-root-authentication-method=normal \
	    --skip-name-resolve >"$dir/install.log" 2>&1 || return
	spawn "$dir" mariadbd --defaults-file="$dir/my.cnf"
	serve "$REAL_MYSQL"
}

# listening NAME: sets REAL_PORT to what a program of ours says of itself
listening()
{
	local tries=400

	REAL_PORT=
	until [ -n "$REAL_PORT" ]; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ] || ! is_alive "$server"; then
			fail "$1: $(tail -n 1 "$work/$1/messages")"
		fi
		sleep 0.02
		REAL_PORT=$(sed -n 's/^listening on 127\.0\.0\.1://p' \
		    "$work/$1/messages")
	done
}

# front NAME SCHEME PORT: serve in front of a server on PORT; sets REAL_PORT
front()
{
	local dir

	new_dir "$1"
	spawn "$dir" "$STARTTLS" serve --timeout 20 --listen 127.0.0.1:0 \
	    --cert "$work/tls/server.crt" --key "$work/tls/server.key" \
	    --to "127.0.0.1:$3" "$2://localhost"
	listening "$1"
}

# proxied SCHEME PORT: a proxy to the server on PORT; sets REAL_PORT
proxied()
{
	local dir

	new_dir "proxy_$1"
	spawn "$dir" "$STARTTLS" proxy --timeout 20 --listen 127.0.0.1:0 \
	    --ca-file "$REAL_CA" --connect "127.0.0.1:$2" "$1://localhost"
	listening "proxy_$1"
}
