#!/usr/bin/env perl
# SPDX-License-Identifier: ISC
#
# Perl's own client of NNTP, Net::NNTP, in one logged-in conversation.
#
# usage: nntpclient.pl MODE PORT [CA VERSION]
#
# As pyclient.py, whose MODE and arguments they are.

use strict;
use warnings;
use Net::NNTP;
use Net::Cmd;

my ($mode, $port, $ca, $version) = @ARGV;
my %tls = (SSL_ca_file => $ca);

sub check
{
	my ($good, $what, $client) = @_;

	return if $good;
	my $said = $client ? $client->code . " " . $client->message : $@;
	print "nntpclient.pl: it failed: $what: $said\n";
	exit 1;
}

# Without TLS: the password all the same, whatever the server says.
sub push_password
{
	my ($client) = @_;

	for my $words (["USER", "tester"], ["PASS", "s3cret-pass"]) {
		$client->command("AUTHINFO", @$words)->response;
		print $client->code, " ", $client->message;
	}
}

$tls{SSL_version} = "TLSv1" . ($version eq "1.2" ? "_2" : "_3") if $version;
my $client = Net::NNTP->new("localhost", Port => $port, Timeout => 10,
    Reader => 0, $mode eq "dedicated" ? (SSL => 1, %tls) : ());
check($client, "connect");
check(scalar $client->starttls(%tls), "STARTTLS") if $mode eq "upgrade";
push_password($client) if $mode eq "clear";
check(scalar $client->authinfo("tester", "s3cret-pass"), "AUTHINFO", $client);
my ($articles) = $client->group("local.test");
check($articles && $articles == 1, "GROUP", $client);
my $article = $client->article(1);
check($article && $article->[-1] =~ /^\.Read inside TLS\.\r?$/, "ARTICLE",
    $client);
check(scalar $client->quit, "QUIT", $client);
