/* SPDX-License-Identifier: ISC */
/* Copyright (c) 2026 The libstarttls authors */

/*
 * Reasons for people: what each means, what causes it, and what to do.  It is
 * the source of doc/starttls-reasons.7 as well, which tests/rules/reasons.test
 * writes, and holds against what can be said.
 */

#include "config.h"

#include "reasons.h"

#include <string.h>

#define WIDTH 76

const struct reason reasons[] = {
	{ "ok", "all is well",
	  "The server was reached, it came to TLS, its certificate was "
	  "verified, and the exchange inside TLS ended as it should.",
	  "Nothing." },

	/* reaching it */
	{ "resolve", "the name cannot be resolved",
	  "There is no such name, it has no address of the wanted family, or "
	  "the resolver does not answer.",
	  "Look at the spelling and at the DNS (dig NAME, getent ahosts NAME). "
	  "A message with the words \"temporary failure\" is about the "
	  "resolver, not about the name." },
	{ "connect", "no TCP connection",
	  "Nothing listens on that port, a firewall refuses, or there is no "
	  "route. The message has the last error of the system.",
	  "See on the server whether the service runs and on which address "
	  "and port (ss -ltn), then at the firewalls between." },
	{ "deadline", "it took too long",
	  "The phase tells where: in connect packets are dropped, often by a "
	  "firewall; in greeting the port may want TLS at once, or the server "
	  "is slow to greet, as with DNS blocklists or greet delays; in "
	  "handshake something between does not let TLS through.",
	  "Try the scheme with an s for a port where TLS comes first, or give "
	  "more time with --timeout." },

	/* in the clear */
	{ "protocol", "no legal reply",
	  "The server says what the protocol does not allow: it is another "
	  "protocol, another port, or a device between that rewrites what is "
	  "said.",
	  "Look at the dialog with --trace. starttls probe HOST tells which "
	  "protocols a host has." },
	{ "early-data", "cleartext where none may be",
	  "Something was sent in the clear behind the go-ahead for TLS, or "
	  "before it was asked for. That is how commands are injected into "
	  "connections (CVE-2011-0411), or a server that writes too early.",
	  "Update the server. If it is up to date, somebody may be tampering "
	  "with the connection: try from another network." },
	{ "limit", "the server sends too much",
	  "A line, a reply, a handshake or its certificates are longer than "
	  "any honest server's.",
	  "Look at the dialog with --trace. Fewer certificates in the "
	  "server's file, if it is those." },
	{ "forbidden", "the server's state rules TLS out",
	  "An IMAP server greets with PREAUTH, which means that one is logged "
	  "in already and that there will be no TLS. Somebody between may "
	  "have written it.",
	  "Use the dedicated port (imaps), where nothing is said in the "
	  "clear." },
	{ "refused", "the server refuses",
	  "It says no to the greeting or to the upgrade, for good. Its words "
	  "are in the message.",
	  "Do what the words say. For a name that was refused there is "
	  "--client-name." },
	{ "refused-temporary", "the server refuses for now",
	  "It is busy, has too many connections from here, or is about to "
	  "restart: 4yz, 421, 400, or [UNAVAILABLE].",
	  "Try again later, or let --retry do it. If it lasts, look at the "
	  "limits of connections on the server." },
	{ "not-offered", "TLS is not offered",
	  "The server does not announce the upgrade: TLS is not set up there, "
	  "its certificate cannot be read, or a device between hides it.",
	  "Set up TLS on the server and look at its log for the certificate. "
	  "Try the dedicated port (the scheme with an s)." },

	/* the end */
	{ "closed", "the server hung up",
	  "The connection ended where it should not: the server crashed or "
	  "refuses this address, or it wanted a client certificate and got "
	  "none.",
	  "The server's log knows more. If the message speaks of a client "
	  "certificate, show one with --cert and --key." },
	{ "truncated", "the connection ended without goodbye",
	  "Inside TLS the end was not announced (close_notify), so nobody "
	  "can tell whether something is missing. The server crashed, ran "
	  "into a time limit, or does not follow the protocol; a server that "
	  "wants a client certificate may end so, too.",
	  "Look at the server's log. Data that came before are good as far as "
	  "they go." },
	{ "io", "the connection failed",
	  "It was reset, or the network failed: the message has the error of "
	  "the system.",
	  "Reset in the handshake is mostly a firewall or a server process "
	  "that crashed: see its log." },

	/* TLS */
	{ "tls", "TLS failed",
	  "The two sides have no version or algorithm in common, the server "
	  "has another key than that of its certificate, or it violates the "
	  "protocol. The message says which.",
	  "TLS 1.2 or 1.3 with forward secrecy is needed, and secure "
	  "renegotiation (RFC 5746). Update the server or its settings; "
	  "starttls policy shows what is accepted here." },
	{ "tls-alert", "the server ended TLS with an alert",
	  "It does not like something: protocol version, algorithms, the name "
	  "that it was asked for, ALPN, or the client certificate, which it "
	  "may have refused, or missed. The message says whether it asked for "
	  "one and whether one was shown.",
	  "If it asked and none was shown, name one with --cert and --key. If "
	  "one was shown, the server has to trust its authority. Otherwise "
	  "compare starttls policy with the server's settings." },
	{ "not-tls", "no TLS here",
	  "The port speaks something else: it is one for the upgrade in the "
	  "clear, of another protocol, or a proxy answers with an error in "
	  "words, which are in the message.",
	  "Use the scheme without the s, or the right port; starttls probe "
	  "HOST finds it." },
	{ "alpn", "the wrong application protocol, or none",
	  "The server selects another protocol than this one (ALPN), or none "
	  "where --alpn require wants one. A front for HTTP may stand there.",
	  "Look which service has that port; else --alpn off." },

	/* certificates: trust */
	{ "chain-incomplete", "the issuer of the certificate was not sent",
	  "The server shows its own certificate alone, without that of the "
	  "intermediate authority that has issued it. It is the most common "
	  "mistake of all: the file cert.pem in place of fullchain.pem. Some "
	  "clients get along, as they fetch or remember it, and others do "
	  "not. The message names the issuer and, if the certificate says so, "
	  "where that of the issuer can be had.",
	  "Have the server send both: its own certificate first, then the "
	  "intermediate ones (fullchain.pem of an ACME client, or both files "
	  "one behind the other). The root need not be sent. To add the "
	  "intermediate to the trust of one client hides the mistake from "
	  "that client only. If there is no intermediate, because a root of "
	  "your own has issued the certificate itself, that root is what is "
	  "missing, on this side: see cert-untrusted." },
	{ "cert-self-signed", "the certificate was issued by itself",
	  "Nobody vouches for it: a server makes such a certificate when it "
	  "is installed, or somebody made it to try things out.",
	  "Give the server a certificate of an authority. If it is to stay as "
	  "it is, and you know that it is yours, name it with --accept-peer: "
	  "starttls report shows how. Compare with what the server has, not "
	  "with what the network shows." },
	{ "root-untrusted", "the root was sent, and is not trusted here",
	  "The certificate leads to a private authority, whose root the "
	  "server sends along; or somebody between makes up certificates, as "
	  "inspecting proxies do.",
	  "If the authority is yours, get its root from who runs it, over "
	  "another way than this connection, and name it with --ca-file. What "
	  "a server sends proves nothing." },
	{ "cert-untrusted", "the authority is not known here",
	  "All that was sent fits together, and was issued by an authority "
	  "that is neither sent nor in the trust store: a private one, a "
	  "public one that is not trusted (any more), a trust store that is "
	  "out of date, or one more intermediate certificate is missing.",
	  "If the authority in the message is an intermediate one, have the "
	  "server send it as well. If it is the root of your own authority, "
	  "name that with --ca-file. If it is a public root, update the trust "
	  "store of this system." },
	{ "chain-disordered", "certificates in the wrong order, or the wrong "
	  "ones",
	  "The server's own certificate is not the first, or what stands "
	  "behind it is not from its issuer: files were put together in the "
	  "wrong order, or the intermediate certificate is an old one, that "
	  "of another authority, or has the name of the right one and another "
	  "key.",
	  "Put the server's own certificate first, and behind it that of its "
	  "issuer, as in fullchain.pem; after a renewal use the intermediate "
	  "that came with the new certificate." },

	/* certificates: the rest */
	{ "cert-expired", "a certificate has expired",
	  "The server's own certificate was not renewed, or it was, and the "
	  "server was not told to load it; or an intermediate certificate or "
	  "an anchor has expired. The message says which, and since when.",
	  "Renew it, and reload the server. For an intermediate one send the "
	  "renewed one; for an anchor renew the trust store, or the file of "
	  "--ca-file. Also look at the clock of this system." },
	{ "cert-not-yet-valid", "a certificate is not valid yet",
	  "It was made for later, or the clock here or where it was made is "
	  "wrong.",
	  "Look at the clocks; else wait, or use the former one until then." },
	{ "name-mismatch", "the certificate is for another name",
	  "The name in the URL is not among those in subjectAltName. The "
	  "common name does not count, an address must stand there as an "
	  "address and not as a DNS name, and a wildcard stands for one label "
	  "only. Or the server shows its default certificate, as it does not "
	  "know the name.",
	  "Use a name in the URL that the certificate has, with --connect if "
	  "that leads elsewhere; or get a certificate with the name in "
	  "subjectAltName." },
	{ "cert-revoked", "a certificate was revoked",
	  "A revocation list or the stapled OCSP response says so: the key "
	  "was lost, or the certificate was replaced.",
	  "Get a new certificate with a new key, and load it." },
	{ "cert-purpose", "a certificate is not for this purpose",
	  "Its extended key usage does not have TLS servers (or, for a "
	  "client, TLS clients), or its key usage no signatures.",
	  "Get one for TLS servers (serverAuth), or clients (clientAuth)." },
	{ "cert-weak", "a key or signature is too weak",
	  "RSA below 2048 bits, SHA-1, MD5, or less than the system's crypto "
	  "policy demands, in a certificate of the path.",
	  "Get a certificate with a stronger key, or from another issuer." },
	{ "cert-constraints", "outside the constraints of an issuer",
	  "An authority may issue for certain names only (name constraints), "
	  "or not for another authority below it (path length), and did so "
	  "nevertheless.",
	  "Ask the authority for a certificate that is within its limits." },
	{ "cert-invalid", "a certificate cannot be used",
	  "One of those that were sent cannot be read, is badly signed, has an "
	  "unknown critical extension, or was issued by one that may not "
	  "issue. An intermediate certificate of the right name with another "
	  "key looks badly signed, too.",
	  "Send the certificates that came from the authority, unchanged." },
	{ "staple-missing", "no OCSP staple, though one is required",
	  "The certificate says must-staple, or --require-ocsp was given, and "
	  "the server sends no response.",
	  "Turn on OCSP stapling in the server, and let it reach the "
	  "responder; or get a certificate without must-staple." },
	{ "staple-invalid", "the OCSP staple is no good",
	  "It is out of date, of another certificate, badly signed, or from a "
	  "responder that may not speak for the issuer.",
	  "Have the server renew it: often it cannot reach the responder, or "
	  "was not restarted for long." },
	{ "pin-mismatch", "no pinned key",
	  "None of the keys of --pin is on the path: the server has a new key, "
	  "or is another one.",
	  "If its owner confirms the new key, pin that as well: starttls "
	  "report shows it." },
	{ "crl-stale", "a revocation list is out of date",
	  "The list of --crl-file for one of the issuers has passed its next "
	  "update, or is from the future.",
	  "Fetch it anew, and do so regularly." },
	{ "cert-differs", "the data channel shows another certificate",
	  "FTP's data channel leads to somebody else than its control "
	  "connection: another server behind one address, or somebody "
	  "between.",
	  "Have both come from the same server with the same certificate." },
	{ "peer-mismatch", "not the very peer that is accepted",
	  "The certificate is none of those of --accept-peer: it was renewed, "
	  "or this is another server. The message has its digests.",
	  "If its owner confirms that this is it, give it to --accept-peer. "
	  "The digest of the key survives renewals that keep the key." },
	{ "tlsa-mismatch", "not what the TLSA records say",
	  "The records are out of date, as after a new certificate, or this "
	  "is another server.",
	  "Publish the records of the new certificate before it is used, and "
	  "remove the old ones afterwards." },
	{ "tlsa-unusable", "no usable TLSA record",
	  "All of them have usages, selectors or digests that are unknown or "
	  "malformed.",
	  "Publish 3 1 1 records: the SHA-256 of the key." },

	{ "threshold", "all is well, but a limit of -w or -c was passed",
	  "The verified path ends soon, or something took longer than the "
	  "limits allow; the message says which. Only in JSON: in other "
	  "formats the reason is \"ok\" then.",
	  "Renew what ends first, or look at what is slow." },

	/* logins */
	{ "login-refused", "the login was refused",
	  "The server does not take this user with this password, token or "
	  "certificate.",
	  "Look at the account and at the server's log. TLS is fine." },
	{ "login-failed", "the login failed for another reason",
	  "The server says no for a reason that is not the password, as when "
	  "it is busy, or the login cannot be bound to the TLS channel.",
	  "The words in the message tell more; another --mechanism may do." },
	{ "login-mechanism", "no mechanism in common",
	  "The server offers none of the mechanisms that the account can be "
	  "used with, or not the one of --mechanism.",
	  "Enable one on the server: PLAIN is enough inside TLS." },
	{ "login-signature", "the server does not know the password",
	  "With SCRAM the server proves that it knows the password, too, and "
	  "this proof is wrong: it is another server, or its database is "
	  "damaged.",
	  "Set the password anew. Do not log in there until it is clear." },

	/* on this side */
	{ "invalid", "a wrong argument",
	  "An option, a URL or a file on this side is not what it should be; "
	  "the message says which.",
	  "Mend the call. starttls SUBCOMMAND --help lists the options." },
	{ "state", "not possible now",
	  "The library was called out of order.",
	  "It is a mistake of the program: please report it." },
	{ "frozen", "the policy is in use",
	  "The library was asked to change a policy that is used already.",
	  "It is a mistake of the program: please report it." },
	{ "policy", "the policy cannot be used",
	  "A file of certificates, a key, a revocation list or the system's "
	  "trust store or crypto policy is missing, unreadable, or does not "
	  "fit; the message says which and where.",
	  "Mend the file. starttls policy shows what the options come to." },
	{ "key-passphrase", "the passphrase of a key is missing or wrong",
	  "The private key is encrypted, or on a token that wants a PIN.",
	  "Give the passphrase in the file of --key-passphrase-file." },
	{ "memory", "out of memory",
	  "This system, or a limit on the process, has none left.",
	  "Raise the limit, or check fewer at a time." },
	{ "system", "this system is short of something",
	  "Mostly of file descriptors or threads; the message has the error.",
	  "Raise the limits (ulimit -n), or check fewer at a time." },
	{ "interrupted", "a signal came",
	  "Nothing has failed; the program was asked to stop waiting.",
	  "Nothing." },
	{ NULL, NULL, NULL, NULL }
};

const struct reason *
find_reason(const char *name)
{
	const struct reason *r;

	for (r = reasons; r->name != NULL; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

/* A paragraph, indented, in lines of so many columns. */
static void
print_paragraph(FILE *out, const char *text)
{
	size_t column = 0, len;

	for (; *text != '\0'; text += len + strspn(text + len, " ")) {
		len = strcspn(text, " ");
		if (column > 0 && column + 1 + len > WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		column += (size_t)fprintf(out, "%s%.*s",
		    column == 0 ? "  " : " ", (int)len, text);
	}
	fputc('\n', out);
}

void
print_reason(FILE *out, const struct reason *reason)
{
	fprintf(out, "%s: %s\n\ncauses:\n", reason->name, reason->meaning);
	print_paragraph(out, reason->causes);
	fputs("\nwhat to do:\n", out);
	print_paragraph(out, reason->remedy);
}

void
list_reasons(FILE *out)
{
	const struct reason *r;

	for (r = reasons; r->name != NULL; r++)
		fprintf(out, "%-20s %s\n", r->name, r->meaning);
}
