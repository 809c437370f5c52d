#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A private mail relay for the demo and the tests: takes every mail and keeps it as a file.

Speaks SMTP (RFC 5321 with PIPELINING, SIZE, 8BITMIME) on a loopback address only. Each accepted mail is written to FOLDER as N.eml (1, 2, ...;
counting goes on where a former run ended), whole or not at all, before it is acknowledged. Its first lines say the envelope and the time:
Return-Path, Delivered-To (one per recipient), X-Sink-Time (seconds since 1970).

Faults, each for a share of the mails (0..1) or for single recipients (--defer-to a@x; with --times N only for their first N dialogues):
  --defer    RCPT is answered 451
  --refuse   RCPT is answered 550
  --late-defer, --late-refuse   the same, but only after the whole mail was sent
  --drop     the mail is kept, but the connection is closed instead of saying so
  --busy     421 and the connection is closed at MAIL FROM
--delay SECONDS waits between keeping a mail and saying so.
--tls PEM offers STARTTLS with the certificate and key in that file; --auth USER:PASSWORD takes mail only after AUTH PLAIN as that user.

--log FILE gets one JSON line for each decision: {"at","to","reply","n"} (n: number of the file, or null).
Ends with status 0 on SIGTERM or SIGINT. Python's standard library only.
"""
import argparse
import asyncio
import base64
import binascii
import ipaddress
import json
import os
import random
import re
import signal
import ssl
import sys
import time

MAX_LINE = 4096
MAX_MAIL = 16 * 1024 * 1024
FAULTS = ("defer", "refuse", "late_defer", "late_refuse", "drop", "busy")
REPLIES = {"defer": "451 4.3.0 try again later", "refuse": "550 5.1.1 no such mailbox",
           "late_defer": "452 4.2.2 mailbox full", "late_refuse": "554 5.7.1 not wanted here", "busy": "421 4.3.2 busy"}


class Sink:
    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.dialogues = {}  # recipient -> dialogues so far
        os.makedirs(options.folder, exist_ok=True)
        numbers = [int(name[:-4]) for name in os.listdir(options.folder) if re.fullmatch(r"[0-9]+\.eml", name)]
        self.number = max(numbers, default=0)
        self.tls = None
        if options.tls:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(options.tls)
        self.log_file = open(options.log, "a", buffering=1, encoding="utf-8") if options.log else None

    def log(self, to, reply, number):
        if self.log_file:
            self.log_file.write(json.dumps({"at": time.time(), "to": to, "reply": reply, "n": number}) + "\n")

    def fault_at_random(self, names):
        for name in names:
            share = getattr(self.options, name)
            if share > 0 and self.random.random() < share:
                return name
        return None

    def fault_of(self, recipient):
        count = self.dialogues.get(recipient, 0) + 1
        self.dialogues[recipient] = count
        for name in FAULTS:
            if recipient in getattr(self.options, name + "_to") and count <= self.options.times:
                return name
        return self.fault_at_random(FAULTS[:-1])

    def keep(self, sender, recipients, body):
        self.number += 1
        head = [f"Return-Path: <{sender}>"] + [f"Delivered-To: {to}" for to in recipients] + [f"X-Sink-Time: {time.time():.6f}"]
        path = os.path.join(self.options.folder, f"{self.number}.eml")
        with open(path + ".new", "wb") as file:
            file.write("\r\n".join(head).encode("utf-8", "surrogateescape") + b"\r\n" + body)
        os.rename(path + ".new", path)
        return self.number


class Session(asyncio.Protocol):
    def __init__(self, sink):
        self.sink = sink
        self.buffer = b""
        self.in_data = False
        self.greeted = False
        self.secure = False
        self.trusted = not sink.options.auth
        self.asked_password = False
        self.reset()

    def reset(self):
        self.sender = None
        self.recipients = []
        self.fault = None  # of a recipient, shown after DATA

    def connection_made(self, transport):
        self.transport = transport
        if not self.secure:
            self.say("220 mailsink ESMTP")

    def say(self, line):
        self.transport.write(line.encode() + b"\r\n")

    def data_received(self, data):
        self.buffer += data
        while not self.transport.is_closing() and (self.take_mail() if self.in_data else self.take_line()):
            pass

    def take_line(self):
        end = self.buffer.find(b"\r\n")
        if end < 0:
            if len(self.buffer) > MAX_LINE:
                self.say("500 5.5.2 line too long")
                self.transport.close()
            return False
        line = self.buffer[:end].decode("utf-8", "surrogateescape")
        self.buffer = self.buffer[end + 2:]
        if self.asked_password:
            self.asked_password = False
            self.check_password(line)
            return True
        verb, _, rest = line.partition(" ")
        command = getattr(self, "do_" + verb.lower(), None) if verb.isalpha() else None
        if command:
            command(rest.strip())
        else:
            self.say("500 5.5.1 unknown command")
        return True

    def take_mail(self):
        if self.buffer.startswith(b".\r\n"):
            body, rest = b"", self.buffer[3:]
        else:
            end = self.buffer.find(b"\r\n.\r\n")
            if end < 0:
                if len(self.buffer) > MAX_MAIL:
                    self.say("552 5.3.4 too big")
                    self.transport.close()
                return False
            body, rest = self.buffer[:end + 2], self.buffer[end + 5:]
        self.buffer = rest
        self.in_data = False
        self.end_of_mail(re.sub(rb"(^|\r\n)\.\.", rb"\1.", body))
        return True

    def end_of_mail(self, body):
        fault, recipients = self.fault, self.recipients
        if fault in ("late_defer", "late_refuse"):
            reply, number = REPLIES[fault], None
        else:
            number = self.sink.keep(self.sender, recipients, body)
            reply = f"250 2.0.0 kept as {number}"
        for to in recipients:
            self.sink.log(to, "dropped" if fault == "drop" else reply[:3], number)
        self.reset()
        if fault == "drop":
            self.transport.abort()
        elif self.sink.options.delay:
            asyncio.get_running_loop().call_later(self.sink.options.delay, self.say, reply)
        else:
            self.say(reply)

    def do_ehlo(self, _rest):
        self.greeted = True
        self.reset()
        offers = ["PIPELINING", "8BITMIME"]
        offers += ["STARTTLS"] if self.sink.tls and not self.secure else []
        offers += ["AUTH PLAIN"] if self.sink.options.auth and (self.secure or not self.sink.tls) else []
        for offer in ["mailsink"] + offers:
            self.transport.write(f"250-{offer}\r\n".encode())
        self.say(f"250 SIZE {MAX_MAIL}")

    def do_starttls(self, _rest):
        if not self.sink.tls or self.secure:
            self.say("503 5.5.1 not offered")
            return
        self.say("220 2.0.0 go on")
        self.secure = True
        self.greeted = False
        self.buffer = b""
        self.transport.pause_reading()
        self.upgrade = asyncio.get_running_loop().create_task(self.start_tls())

    async def start_tls(self):
        plain = self.transport
        try:
            self.transport = await asyncio.get_running_loop().start_tls(plain, self, self.sink.tls, server_side=True)
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            plain.abort()

    def do_auth(self, rest):
        mechanism, _, secret = rest.partition(" ")
        if not self.sink.options.auth or mechanism.upper() != "PLAIN":
            self.say("504 5.5.4 only PLAIN")
        elif secret:
            self.check_password(secret)
        else:
            self.asked_password = True
            self.say("334 ")

    def check_password(self, secret):
        try:
            words = base64.b64decode(secret, validate=True).split(b"\0")
        except binascii.Error:
            words = []
        self.trusted = len(words) == 3 and words[1] + b":" + words[2] == self.sink.options.auth.encode()
        self.say("235 2.7.0 welcome" if self.trusted else "535 5.7.8 wrong user or password")

    def do_helo(self, _rest):
        self.greeted = True
        self.reset()
        self.say("250 mailsink")

    def do_mail(self, rest):
        address = self.path(rest, "FROM:")
        if address is None or self.sender is not None or not self.greeted:
            self.say("503 5.5.1 MAIL FROM:<address> after EHLO, once")
        elif not self.trusted:
            self.say("530 5.7.0 authentication required")
        elif self.sink.fault_at_random(["busy"]):
            self.say(REPLIES["busy"])
            self.transport.close()
        else:
            self.sender = address
            self.say("250 2.1.0 ok")

    def do_rcpt(self, rest):
        address = self.path(rest, "TO:")
        if not address or self.sender is None:
            self.say("503 5.5.1 RCPT TO:<address> after MAIL")
            return
        fault = self.sink.fault_of(address)
        if fault in ("defer", "refuse", "busy"):
            self.sink.log(address, REPLIES[fault][:3], None)
            self.say(REPLIES[fault])
            if fault == "busy":
                self.transport.close()
            return
        self.fault = self.fault or fault
        self.recipients.append(address)
        self.say("250 2.1.5 ok")

    def do_data(self, _rest):
        if not self.recipients:
            self.say("503 5.5.1 no recipient")
            return
        self.in_data = True
        self.say("354 end with a line of one dot")

    def do_rset(self, _rest):
        self.reset()
        self.say("250 2.0.0 ok")

    def do_noop(self, _rest):
        self.say("250 2.0.0 ok")

    def do_quit(self, _rest):
        self.say("221 2.0.0 bye")
        self.transport.close()

    @staticmethod
    def path(rest, keyword):
        match = re.fullmatch(re.escape(keyword) + r"\s*<([^<>\s]*)>(\s.*)?", rest, re.IGNORECASE)
        return match.group(1) if match else None


def share(text):
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("a share is between 0 and 1")
    return value


def loopback(text):
    if not ipaddress.ip_address(text).is_loopback:
        raise argparse.ArgumentTypeError(f"{text} is not a loopback address")
    return text


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, help="where the mails go")
    parser.add_argument("--host", type=loopback, default="127.0.0.1", help="a loopback address (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="0 (default) = a free one")
    parser.add_argument("--port-file", metavar="FILE", help="write the port there once listening")
    parser.add_argument("--log", metavar="FILE")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--delay", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--tls", metavar="PEM")
    parser.add_argument("--auth", metavar="USER:PASSWORD")
    parser.add_argument("--times", type=int, default=sys.maxsize, metavar="N")
    for name in FAULTS:
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, type=share, default=0.0, metavar="SHARE")
        parser.add_argument(flag + "-to", action="append", default=[], metavar="RECIPIENT", dest=name + "_to")
    return parser.parse_args()


async def main():
    options = parse()
    sink = Sink(options)
    loop = asyncio.get_running_loop()
    stop = loop.create_future()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: stop.done() or stop.set_result(None))
    server = await loop.create_server(lambda: Session(sink), options.host, options.port, backlog=512)
    port = server.sockets[0].getsockname()[1]
    if options.port_file:
        with open(options.port_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{port}\n")
        os.rename(options.port_file + ".new", options.port_file)
    else:
        print(port, flush=True)
    await stop
    server.close()


asyncio.run(main())
