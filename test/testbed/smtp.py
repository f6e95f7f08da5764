#!/usr/bin/python3 -I
"""Takes the mail that SOGo sends and hands it to Dovecot: smtp.py PORT LMTP_SOCKET

SOGo speaks only SMTP when it sends, Dovecot only LMTP when it receives; between
them stands this.  A mail is in the Inbox before SOGo hears that it was taken.
A recipient that Dovecot does not know is refused, so nothing leaves the machine.
Standard library only; it serves one test bed on 127.0.0.1 and knows no TLS, no
AUTH and no extension.
"""

import smtplib
import socketserver
import sys


class Session(socketserver.StreamRequestHandler):
    """One connection of SOGo's: RFC 5321's least set of commands."""

    def say(self, line):
        self.wfile.write(line.encode("ascii", "replace") + b"\r\n")

    def handle(self):
        self.sender, self.recipients = "", []
        self.say("220 testbed")
        for line in self.rfile:
            verb, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            getattr(self, "do_" + verb.lower(), self.do_other)(rest)
            if verb.upper() == "QUIT":
                return

    def do_other(self, _):
        self.say("502 5.5.1 not here")

    def do_helo(self, _):
        self.say("250 testbed")

    do_ehlo = do_helo

    def do_noop(self, _):
        self.say("250 2.0.0 ok")

    def do_quit(self, _):
        self.say("221 2.0.0 bye")

    def do_rset(self, _):
        self.sender, self.recipients = "", []
        self.say("250 2.0.0 ok")

    def do_mail(self, rest):  # MAIL FROM:<a@b> [parameters]
        self.sender = address(rest)
        self.say("250 2.1.0 ok")

    def do_rcpt(self, rest):  # RCPT TO:<a@b>
        self.recipients.append(address(rest))
        self.say("250 2.1.5 ok")

    def do_data(self, _):
        self.say("354 go on")
        lines = []
        for line in self.rfile:
            if line.rstrip(b"\r\n") == b".":
                break
            # RFC 5321 4.5.2: a leading dot was doubled on the way
            lines.append(line[1:] if line.startswith(b".") else line)
        try:
            with smtplib.LMTP(SOCKET) as dovecot:
                refused = dovecot.sendmail(self.sender, self.recipients, b"".join(lines))
            self.say(f"554 5.1.1 refused: {' '.join(refused)}" if refused else "250 2.0.0 delivered")
        except (OSError, smtplib.SMTPException) as error:
            print(f"smtp: {error}", file=sys.stderr, flush=True)
            self.say("554 5.3.0 not delivered")


def address(text):
    """The address between < and >."""
    return text.partition("<")[2].partition(">")[0]


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


if __name__ == "__main__":
    PORT, SOCKET = int(sys.argv[1]), sys.argv[2]
    Server(("127.0.0.1", PORT), Session).serve_forever()
