#!/bin/sh
# SPDX-License-Identifier: ISC
#
# The inside of an IMAP server that has nothing but its manners, to try out
#
#	starttls serve --cert CHAIN --key KEY imap://localhost -- examples/imap-hello.sh
#
# A command of starttls serve gets the decrypted conversation on its standard
# input and output.  After an upgrade the client has been greeted already; on
# the dedicated port the greeting is ours to say.

cr=$(printf '\r')

say()
{
	printf '%s\r\n' "$@"
}

[ "$STARTTLS_SCHEME" != imaps ] || say '* OK ready'
while IFS= read -r line; do
	line=${line%"$cr"}
	tag=${line%% *}
	case $(printf %s "${line#* }" | tr '[:lower:]' '[:upper:]') in
	CAPABILITY)
		say '* CAPABILITY IMAP4rev1' "$tag OK done"
		;;
	NOOP)
		say "$tag OK done"
		;;
	LOGOUT)
		say '* BYE goodbye' "$tag OK done"
		exit 0
		;;
	*)
		say "$tag BAD this server knows CAPABILITY, NOOP and LOGOUT"
		;;
	esac
done
