import { createHmac } from "node:crypto";
import type { ReviewRequest } from "@tidewaiter/core";
import { createEnvStore } from "@tidewaiter/secret-stores";
import { eventually } from "@tidewaiter/testkit";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { browserSession } from "./browser-session.ts";
import { startMailServer, startReceiver, textOf } from "./receivers.ts";
import { type Harness, type StoreKind, startHarness } from "./running.ts";
import { openSession, setTheScene } from "./scene.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const VALUE = "Quentin Lindqvist-Abara";

/** What is to be told is told, on either store. Receivers are real servers; Slack and Teams are checked by shape. */
export function notificationsContract(kind: StoreKind): void {
  describe(`notifications on ${kind}`, () => {
    let harness: Harness;
    let anaId: string;
    let receiver: Awaited<ReturnType<typeof startReceiver>>;
    let mail: Awaited<ReturnType<typeof startMailServer>>;
    let number = 0;
    const variables: Record<string, string> = { SECRET };

    beforeAll(async () => {
      receiver = await startReceiver();
      mail = await startMailServer();
      variables.SLACK = `${receiver.url}/services/T000/B000/slack-secret-path`;
      variables.TEAMS = `${receiver.url}/workflows/teams-secret-path`;
      harness = await startHarness(kind, {
        secretStores: [createEnvStore(["SECRET", "SLACK", "TEAMS", "MISSING"], (name) => variables[name])],
        notificationNetworks: ["127.0.0.0/8"],
      });
      ({ anaId } = await setTheScene(harness));
      for (const name of ["mia", "lea"]) await harness.addUser(name);
      await harness.call("POST", "/v1/groups", { name: "data-owners", members: ["mia", "lea", "ana"] });
      for (const name of ["mia", "ana"]) {
        const patched = await harness.call("PATCH", `/v1/principals/${name}`, {
          attributes: { email: `${name}@example.com` },
        });
        expect(patched.status, patched.text).toBe(200);
      }
    });
    afterAll(async () => {
      await harness[Symbol.asyncDispose]();
      await receiver.stop();
      await mail.stop();
    });
    afterEach(async () => {
      const { channels } = (await harness.call("GET", "/v1/notification-channels")).json;
      for (const { name } of channels) await harness.call("DELETE", `/v1/notification-channels/${name}`);
      receiver.received.length = 0;
      mail.mails.length = 0;
      receiver.state.answer = () => ({ status: 200 });
      mail.state.refuse = undefined;
    });

    const channel = async (name: string, settings: object) => {
      const answer = await harness.call("PUT", `/v1/notification-channels/${name}`, settings);
      expect(answer.status, answer.text).toBe(200);
    };
    const webhook = (more: object = {}) => ({
      type: "webhook",
      url: `${receiver.url}/hook`,
      secret: "env:SECRET",
      ...more,
    });
    const email = (more: object = {}) => ({
      type: "email",
      host: "127.0.0.1",
      port: mail.port,
      tls: "none",
      from: "Tidewaiter <tidewaiter@example.com>",
      ...more,
    });
    const ask = async (more: Partial<ReviewRequest> = {}) => {
      const session = await openSession(harness, anaId);
      return harness.port.requestReview({
        sessionId: session.id,
        mode: "hold",
        ruleId: "pii-needs-a-person",
        reason: "addresses leave the house",
        by: ["group:data-owners"],
        count: 1,
        expiresAt: new Date(harness.clock.now() + 600_000).toISOString(),
        binding: String(number++).padStart(64, "0"),
        statement: `select email from customers where name = '${VALUE}'`,
        parameters: ["p-secret-parameter"],
        normalised: "select email from customers where name = $1",
        summary: "SELECT on customers, reads pii.email",
        labels: ["pii.email"],
        inTransaction: false,
        ...more,
      });
    };
    const deliveries = async (query = "") =>
      (await harness.call("GET", `/v1/notifications${query}`)).json.notifications as Record<string, unknown>[];

    it("signs what it posts to any receiver, by Standard Webhooks", async () => {
      await channel("hook", webhook());
      const review = await ask();
      await eventually(() => expect(receiver.received).toHaveLength(1));
      const [one] = receiver.received;
      if (one === undefined) throw new Error("nothing was received");
      const { headers, body } = one;
      const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
      const key = Buffer.from(SECRET.slice("whsec_".length), "base64");
      const mac = createHmac("sha256", key).update(signed).digest("base64");
      expect(headers["webhook-signature"]).toBe(`v1,${mac}`);
      expect(headers["webhook-timestamp"]).toBe(String(Math.floor(harness.clock.now() / 1000)));
      expect(JSON.parse(body)).toMatchObject({
        type: "review.requested",
        data: {
          title: expect.stringMatching(/^ana asks to run 1 statement on shop \(expires \d\d:\d\d UTC\)$/),
          statement: "select email from customers where name = ?",
          link: `http://127.0.0.1:8080/r/${review.shortId}`,
        },
      });
    });

    it("writes to Slack and Teams in their documented shapes, and never a value of the statement", async () => {
      await channel("slack", { type: "slack", webhookUrl: "env:SLACK" });
      await channel("teams", { type: "teams", webhookUrl: "env:TEAMS" });
      await ask({ reason: "<!channel> & *all*" });
      await eventually(() => expect(receiver.received).toHaveLength(2));
      const bodies = receiver.received.map(({ body }) => body).join();
      expect(bodies).not.toContain(VALUE);
      expect(bodies).not.toContain("p-secret-parameter");
      const slack = JSON.parse(receiver.received.find(({ url }) => url.includes("slack"))?.body ?? "{}");
      expect(slack.blocks.map(({ type }: { type: string }) => type)).toEqual([
        "section",
        "section",
        "section",
        "actions",
        "context",
      ]);
      expect(JSON.stringify(slack)).not.toContain("<!channel>");
      expect(slack.blocks[3].elements[0]).toMatchObject({ type: "button", url: expect.stringContaining("/r/") });
      const teams = JSON.parse(receiver.received.find(({ url }) => url.includes("teams"))?.body ?? "{}");
      expect(teams).toMatchObject({
        type: "message",
        attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", content: { type: "AdaptiveCard" } }],
      });
      expect(teams.attachments[0].content.actions).toEqual([
        { type: "Action.OpenUrl", title: "Review in Tidewaiter", url: expect.stringContaining("/r/") },
      ]);
    });

    it("mails each person who is asked a link of their own, which works once, signed in, and for nobody else", async () => {
      await channel("mail", email());
      const review = await ask();
      await eventually(() => expect(mail.mails).toHaveLength(1));
      const [one] = mail.mails;
      if (one === undefined) throw new Error("no mail");
      expect(one.to).toEqual(["mia@example.com"]);
      expect(one.source).toMatch(/^Subject: ana asks to run 1 statement on shop \(expires \d\d:\d\d UTC\)\r$/m);
      const text = textOf(one);
      expect(text + one.source).not.toContain(VALUE);
      expect(text).not.toContain(review.shortId);
      const [, path = ""] = /http:\/\/127\.0\.0\.1:8080(\/n\/\S+)/.exec(text) ?? [];
      const scanner = await harness.running.app.inject({ method: "GET", url: path });
      expect([scanner.statusCode, scanner.headers.location]).toEqual([
        303,
        `/sign-in?next=${encodeURIComponent(path)}`,
      ]);
      const lea = await browserSession(harness, "lea");
      const mia = await browserSession(harness, "mia");
      expect((await lea.get(path)).statusCode).toBe(404);
      expect((await mia.get(`${path.slice(0, -1)}_`)).statusCode).toBe(404);
      const opened = await mia.get(path);
      expect([opened.statusCode, opened.headers.location]).toEqual([303, `/r/${review.shortId}`]);
      expect((await mia.get(path)).statusCode).toBe(404);
      expect((await harness.port.getReview(review.id)).state).toBe("pending");
    });

    it("loses nothing while a receiver is down, and waits longer each time", async () => {
      await channel("hook", webhook());
      receiver.state.answer = () => ({ status: 503 });
      await ask();
      const pauses: number[] = [];
      for (let attempt = 1; attempt <= 3; attempt++) {
        await eventually(() => expect(receiver.received).toHaveLength(attempt));
        const [row] = await eventually(async () => {
          const rows = await deliveries("?channel=hook");
          expect(rows[0]).toMatchObject({
            state: "waiting",
            attempts: attempt,
            lastError: "the receiver answered HTTP 503",
          });
          expect(Date.parse(String(rows[0]?.nextAt))).toBeGreaterThan(harness.clock.now());
          return rows;
        });
        const pause = Date.parse(String(row?.nextAt)) - harness.clock.now();
        pauses.push(pause);
        harness.clock.advance(pause + 1);
      }
      receiver.state.answer = () => ({ status: 204 });
      await eventually(async () => expect((await deliveries("?channel=hook"))[0]).toMatchObject({ state: "sent" }));
      expect(pauses[0]).toBeLessThan(7_000);
      expect(pauses[2]).toBeGreaterThan((pauses[0] ?? 0) * 2);
      expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    });

    it("waits as long as the receiver asks, and gives up what will never be taken", async () => {
      await channel("hook", webhook());
      receiver.state.answer = () => ({ status: 429, headers: { "retry-after": "120" } });
      await ask();
      await eventually(async () => {
        const [row] = await deliveries("?channel=hook");
        expect(Date.parse(String(row?.nextAt)) - harness.clock.now()).toBeGreaterThan(110_000);
        return true;
      });
      receiver.state.answer = () => ({ status: 410 });
      harness.clock.advance(121_000);
      await eventually(async () => expect((await deliveries("?channel=hook"))[0]).toMatchObject({ state: "refused" }));
      expect((await harness.call("GET", "/v1/audit?type=notification.refused")).json.events).toHaveLength(1);
    });

    it("sends no more a minute than the channel's rate, and the rest afterwards", async () => {
      await channel("hook", webhook({ perMinute: 2 }));
      for (let index = 0; index < 5; index++) await ask();
      await eventually(() => expect(receiver.received).toHaveLength(2));
      const states = async () => (await deliveries("?channel=hook")).filter(({ state }) => state === "sent").length;
      await eventually(async () => expect(await states()).toBe(2));
      harness.clock.advance(61_000);
      await eventually(() => expect(receiver.received).toHaveLength(4));
      await eventually(async () => expect(await states()).toBe(4));
      harness.clock.advance(61_000);
      await eventually(() => expect(receiver.received).toHaveLength(5));
    });

    it("tells a channel only of what it is for", async () => {
      await channel("others", webhook({ asks: ["group:somebody-else"] }));
      await channel("elsewhere", webhook({ resources: ["other-db"] }));
      await channel("decisions", webhook({ events: ["review.decided"] }));
      const review = await ask();
      await harness.port.withdrawReview(review.id, "the client left");
      await eventually(() => expect(receiver.received).toHaveLength(1));
      expect(JSON.parse(receiver.received[0]?.body ?? "")).toMatchObject({
        type: "review.decided",
        data: { title: "The statement of ana on shop was taken back" },
      });
      expect(await deliveries()).toHaveLength(1);
    });

    it("tells of access that is asked for and given, and of changes that need a second person", async () => {
      const events = ["access.requested", "access.decided", "change.requested", "change.decided"];
      await channel("hook", webhook({ events }));
      await channel("mail", email({ events: ["access.requested"] }));
      const rule = {
        kind: "access_rule",
        name: "shop",
        requesters: ["principal:ana"],
        resources: ["shop"],
        level: "write",
      };
      const source = JSON.stringify({ ...rule, maxDuration: "4h", reviewers: { by: ["group:data-owners"] } });
      const applied = await harness.call("POST", "/v1/apply", { documents: [{ name: "a.yaml", source }] });
      expect(applied.status, applied.text).toBe(200);
      const ana = await harness.login("ana", "ana-has-a-long-password");
      const mia = await harness.login("mia", "mia-has-a-long-password");
      const request = { resource: "shop", level: "write", durationSeconds: 3600, reason: "ticket 812" };
      const asked = await harness.call("POST", "/v1/access-requests", request, ana);
      expect(asked.status, asked.text).toBe(201);
      await harness.call("POST", `/v1/access-requests/${asked.json.id}/approve`, {}, mia);
      const titles = () => receiver.received.map(({ body }) => JSON.parse(body).data.title as string);
      await eventually(() => expect(titles()).toHaveLength(2));
      expect(titles().toSorted()).toEqual([
        expect.stringMatching(/^The access of ana to shop \(write\) begins, until /),
        "ana asks for write on shop for 1 h",
      ]);
      await eventually(() => expect(mail.mails).toHaveLength(1));
      expect(mail.mails[0]?.to).toEqual(["mia@example.com"]);
    });

    it("tests a channel, and says what is wrong with it without its secrets", async () => {
      await channel("slack", { type: "slack", webhookUrl: "env:SLACK" });
      const answer = await harness.call("POST", "/v1/notification-channels/slack/test");
      const [id] = answer.json.notifications as string[];
      await eventually(async () => expect((await deliveries(`?id=${id}`))[0]).toMatchObject({ state: "sent" }));
      expect(receiver.received[0]?.body).toContain("root tests this channel");
      await channel("gone", webhook({ secret: "env:MISSING" }));
      await harness.call("POST", "/v1/notification-channels/gone/test");
      await eventually(async () => {
        const { channels } = (await harness.call("GET", "/v1/notification-channels")).json;
        expect(channels.find(({ name }: { name: string }) => name === "gone")).toMatchObject({
          waiting: 1,
          lastError: "env:MISSING: the variable is not set",
        });
        return true;
      });
      const all = JSON.stringify([
        (await harness.call("GET", "/v1/notification-channels")).json,
        (await harness.call("GET", "/v1/notifications")).json,
        (await harness.call("GET", "/v1/audit?limit=1000")).json,
      ]);
      expect(all).not.toContain("slack-secret-path");
      expect(all).not.toContain(SECRET);
    });

    it.each([
      ["a webhook address that is no reference", { type: "slack", webhookUrl: "https://hooks.slack.com/services/x" }],
      ["a reference that this server does not resolve", { type: "teams", webhookUrl: "env:PATH" }],
      ["a Slack channel without a token", { type: "slack", channel: "C0123456789" }],
      ["another scheme", { type: "webhook", url: "file:///etc/passwd", secret: "env:SECRET" }],
      ["a line break in the sender", { type: "email", host: "mail", from: "a@b.c\r\nBcc: x@y.z" }],
      ["an unknown field", { type: "teams", webhookUrl: "env:TEAMS", token: "xoxb-1" }],
    ])("takes no channel with %s", async (_name, settings) => {
      const answer = await harness.call("PUT", "/v1/notification-channels/wrong", settings);
      expect(answer.status, answer.text).toBe(400);
    });

    it("is set by documents, and by those who may", async () => {
      const document = { kind: "notification_channel", name: "oncall", ...webhook() };
      const apply = (one: object) =>
        harness.call("POST", "/v1/apply", { documents: [{ name: "c.yaml", source: JSON.stringify(one) }] });
      expect((await apply(document)).json.changes[0]).toMatchObject({ action: "create" });
      expect((await apply(document)).json.changes[0]).toMatchObject({ action: "none" });
      const updated = await apply({ ...document, perMinute: 5 });
      expect(updated.json.changes[0]).toMatchObject({
        action: "update",
        diff: [{ field: "perMinute", before: "30", after: "5" }],
      });
      const unknown = await apply({ ...document, secret: "env:PATH" });
      expect([unknown.status, unknown.text]).toEqual([400, expect.stringContaining("c.yaml:1")]);
      expect(
        (await apply({ kind: "notification_channel", name: "oncall", state: "absent" })).json.changes[0],
      ).toMatchObject({
        action: "delete",
      });
      const mia = await harness.login("mia", "mia-has-a-long-password");
      expect((await harness.call("PUT", "/v1/notification-channels/x", webhook(), mia)).status).toBe(403);
      expect((await harness.call("GET", "/v1/notifications", undefined, mia)).status).toBe(403);
    });
  });
}
