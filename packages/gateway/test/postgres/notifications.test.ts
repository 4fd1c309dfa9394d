import { decodeBackend } from "@tidewaiter/postgres/decode-backend";
import { expect, it } from "vitest";
import { CUSTOMERS, MASKS, startFixture } from "./labelled.ts";

const DETECTING = `${MASKS.replace('columns: ["*.customers.email"]', 'columns: ["*.customers.email"], detect: [email]')}
defaults: { notifications: detect }
`;
const TRIGGER = [
  "create function told() returns trigger language plpgsql as $$ begin perform pg_notify('changes', new.id || ' ' || new.name || ' ' || new.email); return new; end $$",
  "create trigger told after update on customers for each row execute function told()",
];

function payloadsIn(messages: readonly Buffer[]): string[] {
  return messages.flatMap((message) => {
    const decoded = decodeBackend({ buffer: message, start: 0, end: message.length, type: message[0] ?? 0 });
    return decoded.name === "NotificationResponse" ? [decoded.payload] : [];
  });
}

it.each([
  ["are emptied where a label is hidden", MASKS, "job", ""],
  ["pass to whom nothing is hidden", MASKS, "reader", "1 Ann ann@example.com"],
  ["are looked through where policy says so", DETECTING, "job", "1 Ann [mail]"],
])("payloads of a trigger %s", async (_, policy, user, expected) => {
  await using fixture = await startFixture({ sql: [...CUSTOMERS, ...TRIGGER], policy });
  await using client = await fixture.wire(user);
  await client.query("listen changes");
  await fixture.server.sql("update customers set visits = 8 where id = 1");
  expect(payloadsIn(await client.until("A"))).toEqual([expected]);
});
