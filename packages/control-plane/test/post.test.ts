import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { certificateAuthority } from "@tidewaiter/testkit/certificates";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { NetworkGuard } from "../src/features/notifications/network-guard.ts";
import { post } from "../src/features/notifications/post.ts";
import { sendEmail } from "../src/features/notifications/senders/email.ts";
import type { NotificationRow } from "../src/features/notifications/store.ts";
import { startMailServer, startReceiver } from "./receivers.ts";

const inside = new NetworkGuard(["127.0.0.0/8"]);
const outside = new NetworkGuard([]);
const signal = () => AbortSignal.timeout(3_000);

describe("posting to an address that somebody else chose", () => {
  let receiver: Awaited<ReturnType<typeof startReceiver>>;
  beforeAll(async () => {
    receiver = await startReceiver();
  });
  afterAll(() => receiver.stop());
  beforeEach(() => {
    receiver.received.length = 0;
  });

  it("opens no connection to what stands inside", async () => {
    const { port } = receiver;
    for (const url of [
      `http://127.0.0.1:${port}/`,
      `https://127.0.0.1:${port}/`,
      `https://localhost:${port}/`,
      `https://[::ffff:127.0.0.1]:${port}/`,
      `https://2130706433:${port}/`,
      "https://169.254.169.254/latest/meta-data/",
      "file:///etc/passwd",
      "not a url",
    ]) {
      await expect(post({ url, body: "{}", signal: signal() }, outside), url).rejects.toMatchObject({ final: true });
    }
    expect(receiver.received).toEqual([]);
  });

  it("follows no redirect", async () => {
    receiver.state.answer = () => ({ status: 307, headers: { location: `${receiver.url}/elsewhere` } });
    await expect(post({ url: receiver.url, body: "{}", signal: signal() }, inside)).rejects.toThrow(/HTTP 307/);
    expect(receiver.received).toHaveLength(1);
  });

  it("repeats neither the address nor the answer in its errors", async () => {
    receiver.state.answer = () => ({ status: 500, text: "answer-with-a-secret" });
    const url = `${receiver.url}/path-that-is-a-secret`;
    const failed = post({ url, body: "{}", signal: signal() }, inside);
    await expect(failed).rejects.toMatchObject({ message: "the receiver answered HTTP 500", final: false });
    const closed = createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const refused = post({ url: `http://127.0.0.1:${port}/secret`, body: "{}", signal: signal() }, inside);
    await expect(refused).rejects.toMatchObject({ message: "the receiver cannot be reached (ECONNREFUSED)" });
  });

  it("gives up a receiver that says nothing, or too much", async () => {
    const silent = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    await expect(post({ url, body: "{}", signal: AbortSignal.timeout(300) }, inside)).rejects.toThrow(/reached/);
    silent.close();
    receiver.state.answer = () => ({ status: 200, text: "x".repeat(1024 * 1024) });
    expect((await post({ url: receiver.url, body: "{}", signal: signal() }, inside)).length).toBeLessThanOrEqual(
      64 * 1024,
    );
  });
});

describe("mail", () => {
  const message = { title: "ana asks", facts: [], path: "/r/x", action: "Review" };
  const row = { id: "ntf_1", address: "mia@example.com", message } as unknown as NotificationRow;
  const deliver = (port: number, more: object = {}, guard = inside) =>
    sendEmail(
      {
        settings: {
          ...{ type: "email", host: "127.0.0.1", port, tls: "none", from: "tw@example.com", to: "asked" },
          ...{ events: [], perMinute: 1 },
          ...more,
        } as Parameters<typeof sendEmail>[0]["settings"],
        row,
        link: "https://gw.example/n/x",
        signal: signal(),
      },
      { guard, secret: async () => "smtp-password-3f", now: Date.now },
    );

  it("is refused for good by 5yz and tried again after 4yz", async () => {
    const server = await startMailServer();
    server.state.refuse = 550;
    await expect(deliver(server.port)).rejects.toMatchObject({
      final: true,
      message: expect.stringContaining("SMTP 550"),
    });
    server.state.refuse = 451;
    await expect(deliver(server.port)).rejects.toMatchObject({ final: false });
    server.state.refuse = undefined;
    await deliver(server.port);
    expect(server.mails).toHaveLength(1);
    await server.stop();
  });

  it("is not sent to a server without TLS where that is asked for, nor a password in clear text", async () => {
    const server = await startMailServer({ login: { user: "tw", pass: "smtp-password-3f" } });
    await expect(deliver(server.port, { tls: "starttls" })).rejects.toThrow(/mail server/);
    const login = { username: "tw", password: "env:SMTP" };
    await expect(deliver(server.port, login)).rejects.toMatchObject({
      final: true,
      message: expect.stringContaining("clear text"),
    });
    expect(server.mails).toEqual([]);
    await server.stop();
  });

  it("goes by STARTTLS with its password to a server whose certificate is trusted, and to no other", async () => {
    const authority = await certificateAuthority();
    const { certPem: cert, keyPem: key } = await authority.issue({
      commonName: "mail",
      names: ["localhost"],
      usage: "server",
    });
    const server = await startMailServer({ login: { user: "tw", pass: "smtp-password-3f" }, tls: { cert, key } });
    const login = { host: "localhost", tls: "starttls", username: "tw", password: "env:SMTP" };
    await expect(deliver(server.port, login)).rejects.toMatchObject({ final: false });
    const before = getCACertificates("default");
    setDefaultCACertificates([...before, authority.caPem]);
    try {
      await deliver(server.port, login);
    } finally {
      setDefaultCACertificates(before);
    }
    expect(server.mails).toMatchObject([{ from: "tw@example.com", to: ["mia@example.com"] }]);
    await server.stop();
  });

  it("goes to no server inside the network that the operator did not name", async () => {
    const server = await startMailServer();
    for (const host of ["127.0.0.1", "localhost"]) {
      await expect(deliver(server.port, { host }, outside)).rejects.toMatchObject({ final: true });
    }
    expect(server.mails).toEqual([]);
    await server.stop();
  });
});
