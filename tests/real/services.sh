# SPDX-License-Identifier: ISC
# shellcheck shell=dash
# shellcheck source=tests/real/lib.sh
#
# Servers of HTTPS and NUT, for those that have sourced lib.sh:
#
#	start nginx [V]		sets REAL_HTTPS
#	start upsd		sets REAL_NUT

for upsd in /opt/starttls-tests/nut/usr/lib/nut/upsd \
    /opt/starttls-tests/nut/lib/nut/upsd /usr/lib/nut/upsd; do
	[ ! -x $upsd ] || break
done

run_nginx()
{
	local dir https

	https=$(free_port)
	new_dir nginx
	cat >"$dir/nginx.conf" <<-END
	daemon off;
	master_process off;
	pid $dir/nginx.pid;
	error_log $dir/error.log;
	events {}
	http {
		access_log off;
		client_body_temp_path $dir/body;
		proxy_temp_path $dir/proxy;
		fastcgi_temp_path $dir/fastcgi;
		uwsgi_temp_path $dir/uwsgi;
		scgi_temp_path $dir/scgi;
		server {
			listen 127.0.0.1:$https ssl;
			ssl_protocols TLSv${1:-1.2 TLSv1.3};
			ssl_certificate $work/tls/server.crt;
			ssl_certificate_key $work/tls/server.key;
			root $dir;
			location / { return 200 "hello\n"; }
		}
	}
	END
	spawn "$dir" nginx -c "$dir/nginx.conf" -e "$dir/error.log"
	serve "$https" || return 1
	export REAL_HTTPS="$https"
}

# Debian's upsd is built with NSS, which has a
# database for the certificate, and takes no range of versions.
run_upsd()
{
	local dir user nut

	nut=$(free_port)
	new_dir upsd
	mkdir "$dir/etc" "$dir/run" "$dir/nss"
	user=$(id -un)
	! is_root || user=nobody
	echo nsspass >"$dir/pw"
	openssl pkcs12 -export -in "$work/tls/server.crt" \
	    -inkey "$work/tls/server.key" -name server -passout pass:x \
	    -out "$dir/s.p12" || return 1
	certutil -N -d "sql:$dir/nss" -f "$dir/pw" &&
	    pk12util -i "$dir/s.p12" -d "sql:$dir/nss" \
		-k "$dir/pw" -W x >>"$dir/messages" || return 1
	cat >"$dir/etc/upsd.conf" <<-END
	LISTEN 127.0.0.1 $nut
	STATEPATH $dir/run
	CERTPATH $dir/nss
	CERTIDENT server nsspass
	DISABLE_WEAK_SSL true
	END
	printf '[dummy]\n\tdriver = dummy-ups\n\tport = dummy.dev\n' \
	    >"$dir/etc/ups.conf"
	echo 'ups.status: OL' >"$dir/etc/dummy.dev"
	: >"$dir/etc/upsd.users"
	chmod -R a+rX "$dir"
	! is_root || chown -R nobody "$dir"
	spawn "$dir" env NUT_CONFPATH="$dir/etc" NUT_STATEPATH="$dir/run" \
	    NUT_ALTPIDPATH="$dir/run" \
	    "$upsd" -F -u $user
	serve_file "$dir/etc/upsd.conf" "$nut" || return 1
	export REAL_NUT="$nut"
}
