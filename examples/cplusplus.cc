/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * The library from C++: each object in a unique_ptr, so that every way out
 * frees it, and errors as exceptions.
 *
 *	c++ cplusplus.cc -o cplusplus $(pkg-config --cflags --libs libstarttls)
 *	./cplusplus imap://mail.example.org ca.pem
 */

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <starttls.h>

namespace
{

struct deleter {
	void operator()(starttls_policy *p) const { starttls_policy_unref(p); }
	void operator()(starttls_session *s) const { starttls_session_end(s); }
};

using policy_ptr = std::unique_ptr<starttls_policy, deleter>;
using session_ptr = std::unique_ptr<starttls_session, deleter>;

/* What a catch can look at: the code, its class, and the message. */
class tls_error : public std::runtime_error
{
public:
	tls_error(int code, const starttls_error &detail)
	    : std::runtime_error(detail.message), code(code) {}

	std::string name() const { return starttls_code_name(code); }

	const int code;
};

void
must(int rc, const starttls_error &error)
{
	if (rc != STARTTLS_OK)
		throw tls_error(rc, error);
}

policy_ptr
make_policy(const char *ca)
{
	starttls_policy *policy = nullptr;
	starttls_error error = {};

	must(starttls_policy_new(&policy, STARTTLS_CLIENT), error);
	policy_ptr owner(policy);
	must(starttls_policy_add_trust_file(policy, ca, &error), error);
	return owner;
}

/* The session holds the policy, which its owner may forget. */
session_ptr
open_session(const policy_ptr &policy, const char *url)
{
	starttls_session *session = nullptr;
	starttls_error error = {};

	must(starttls_open(&session, policy.get(), url, 10000, nullptr,
	    &error), error);
	return session_ptr(session);
}

void
check(const session_ptr &session)
{
	starttls_report report = {};
	starttls_error error = {};

	must(starttls_session_check(session.get(), &error), error);
	report.size = sizeof(report);
	must(starttls_session_report(session.get(), &report), error);
	std::cout << report.host << ": " << report.version << ", "
		  << report.cipher_suite << std::endl;
}

}

int
main(int argc, char **argv)
{
	if (argc != 3) {
		std::cerr << "usage: cplusplus URL CA" << std::endl;
		return 2;
	}
	try {
		check(open_session(make_policy(argv[2]), argv[1]));
	} catch (const tls_error &e) {
		std::cerr << e.name() << ": " << e.what() << std::endl;
		return 1;
	}
	return 0;
}
