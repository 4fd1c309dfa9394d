import type { Effect } from "@tidewaiter/core";
import { describe, expect, it } from "vitest";
import { encodeBackend } from "../../src/encode-backend.ts";
import { createFramer } from "../../src/framer.ts";
import { Bench, CATALOG, done, field, query, ready, rowOf } from "./bench.ts";
import { bench as benchWithPolicy } from "./policy-bench.ts";

const OPENED = {
  type: "review_opened",
  reviewId: "rev_1",
  shortId: "7Q2F",
  link: "https://gw.example/r/7Q2F",
  expiresAt: "2026-01-01T12:00:00Z",
} as const;
const LONG = "x".repeat(100_000);

/** A row in pieces of 30,000 bytes, as the framer of a session gives them. */
function pieces(...cells: readonly string[]) {
  const bytes = encodeBackend(rowOf(...cells));
  const framer = createFramer({ side: "backend", maxLength: 1 << 24, wantFragments: () => true });
  const found = [];
  for (let at = 0; at < bytes.length; at += 30_000) {
    framer.push(bytes.subarray(at, at + 30_000));
    for (let framed = framer.next(); framed !== undefined; framed = framer.next()) found.push(framed);
  }
  expect(found.length).toBeGreaterThan(2);
  return found;
}

function receive({ inspector }: Bench, message: ReturnType<typeof pieces>[number]): readonly Effect[] {
  return inspector.receive({ type: "message", side: "target", message, at: 1 });
}

function toClient(effects: readonly Effect[]): Buffer {
  return Buffer.concat(
    effects.flatMap((effect) => (effect.type === "send" && effect.to === "client" ? [effect.bytes] : [])),
  );
}

function started(bench: Bench, sql: string, ...fields: ReturnType<typeof field>[]): Bench {
  bench.client(query(sql)).target({ name: "RowDescription", fields });
  bench.sent("client");
  return bench;
}

describe("a row that comes in pieces", () => {
  it("passes piece by piece when nothing is masked", () => {
    const bench = started(new Bench(), "select x", field("x", 0));
    for (const piece of pieces(LONG))
      expect(toClient(receive(bench, piece)).equals(piece.buffer.subarray(piece.start, piece.end))).toBe(true);
    bench.target(done("SELECT 1"), ready());
    expect(bench.events.at(-1)).toMatchObject({ type: "operation_finished", rows: 1 });
  });

  it("is masked like one that comes whole", () => {
    const labelled = { catalog: () => CATALOG };
    const bench = started(new Bench(labelled), "select email, id from customers", field("email", 2), field("id", 1));
    const out = pieces(LONG, "1").map((piece) => toClient(receive(bench, piece)));
    const whole = started(new Bench(labelled), "select email, id from customers", field("email", 2), field("id", 1));
    whole.target(rowOf(LONG, "1"));
    expect(Buffer.concat(out).equals(whole.sent("client"))).toBe(true);
  });

  it("what else there is to say waits for its end", () => {
    const bench = started(benchWithPolicy(), "select 1", field("x", 0));
    const [first, ...rest] = pieces(LONG);
    if (first === undefined) throw new Error("no piece");
    receive(bench, first);
    bench.effects.length = 0;
    // pipelined behind it, and held: the client is told at once when nothing else is on its way
    bench.client(query("update customers set id = 1")).answer(1, OPENED);
    expect(bench.sent("client")).toHaveLength(0);
    const row = Buffer.concat([first, ...rest].map((piece) => piece.buffer.subarray(piece.start, piece.end)));
    const out = Buffer.concat(rest.map((piece) => toClient(receive(bench, piece))));
    const end = row.length - (first.end - first.start);
    expect(out.subarray(0, end).equals(row.subarray(first.end - first.start))).toBe(true);
    expect(out.subarray(end).toString()).toContain("waiting for a person");
  });

  it("a session that ends inside of it is cut without a word", () => {
    const bench = started(new Bench(), "select x", field("x", 0));
    const [first] = pieces(LONG);
    if (first === undefined) throw new Error("no piece");
    receive(bench, first);
    const effects = bench.inspector.receive({
      type: "interrupted",
      by: { type: "revoked", reason: "the grant was revoked" },
      at: 2,
    });
    expect(toClient(effects)).toHaveLength(0);
    expect(effects.map(({ type }) => type)).toContain("close");
  });

  it("that cannot be masked is dropped, and the target canceled", () => {
    const labelled = { catalog: () => CATALOG };
    const bench = started(new Bench(labelled), "select id, email from customers", field("id", 1), field("email", 2));
    const effects = pieces("x".repeat(5_000_000), "ann@example.com").flatMap((piece) => receive(bench, piece));
    expect(toClient(effects)).toHaveLength(0);
    expect(effects.filter(({ type }) => type === "cancel_target")).toHaveLength(1);
    bench.target({ name: "ErrorResponse", fields: { severity: "ERROR", code: "57014", message: "canceled" } }, ready());
    expect(bench.sent("client").toString()).toContain("54000");
  });
});
