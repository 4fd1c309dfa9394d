import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBackend } from "../../src/decode-backend.ts";
import { encodeFrontend } from "../../src/encode-frontend.ts";
import { createFramer } from "../../src/framer.ts";
import type { FrontendMessage } from "../../src/messages.ts";
import { Bench, bind, CATALOG, close, describePortal, execute, field, parse, query, SYNC } from "./bench.ts";
import type { ModelOptions } from "./model-server.ts";
import { ModelServer } from "./model-server.ts";

const NAMES = ["", "a", "b"];
const STATEMENTS = [
  "select id from customers",
  "select email from customers",
  "select reverse(email) from customers",
  "delete from customers",
  "begin",
  "commit",
  "rollback",
  "select 1/0",
  "select unparsable",
];
const SIMPLE = [...STATEMENTS, "", "copy customers from stdin"];
const name = fc.constantFrom(...NAMES);

/** A client that may do anything in any order, but ends a COPY that it began. */
const message: fc.Arbitrary<readonly FrontendMessage[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...SIMPLE).map((sql) => inCopy(sql)) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...STATEMENTS), name).map(([sql, of]) => [parse(sql, of)]) },
  { weight: 4, arbitrary: fc.tuple(name, name).map(([statement, portal]) => [bind(statement, portal)]) },
  { weight: 4, arbitrary: name.map((of) => [execute(of)]) },
  { weight: 2, arbitrary: name.map((of) => [describePortal(of)]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(name, fc.constantFrom("statement", "portal"))
      .map(([of, what]) => [close(of, what as "portal")]),
  },
  { weight: 4, arbitrary: fc.constant([SYNC]) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...STATEMENTS), name)
      .map(([sql, of]) => [parse(sql), bind("", of), describePortal(of), execute(of), SYNC]),
  },
);

function inCopy(sql: string): readonly FrontendMessage[] {
  return sql.startsWith("copy")
    ? [query(sql), { name: "CopyData", data: Buffer.from("1\n") }, { name: "CopyDone" }]
    : [query(sql)];
}

function options(refuses: boolean): ModelOptions {
  return {
    refuses: (sql) => refuses && sql.startsWith("delete"),
    failsWith: (sql) => (sql === "select 1/0" ? "22012" : undefined),
    statement: (sql) => {
      if (sql.startsWith("select id")) return { columns: [field("id", 1)], rows: [["1"], ["2"]], tag: "SELECT 2" };
      if (sql.startsWith("select email")) return { columns: [field("email", 2)], rows: [["a@b.c"]], tag: "SELECT 1" };
      // an expression has no origin: what hides it is what its statement was judged to be
      if (sql.startsWith("select reverse"))
        return { columns: [field("reverse", 0)], rows: [["c.b@a"]], tag: "SELECT 1" };
      return { tag: sql.toUpperCase() };
    },
  };
}

/** Replies as a client counts them: type, and what tells about its state. */
function shape(bytes: Buffer): readonly string[] {
  const framer = createFramer({ side: "backend", maxLength: 1 << 20 });
  framer.push(bytes);
  const shapes: string[] = [];
  for (let framed = framer.next(); framed !== undefined; framed = framer.next()) {
    if (framed.kind === "run") shapes.push(...new Array<string>(framed.count).fill("DataRow"));
    else {
      const reply = decodeBackend(framed);
      shapes.push(
        reply.name === "ErrorResponse"
          ? `error ${reply.fields.code}`
          : reply.name === "ReadyForQuery"
            ? `ready ${reply.status}`
            : reply.name,
      );
    }
  }
  return shapes;
}

/** Operations whose record came before the bytes that the model was just given. */
function allowed(transcript: readonly string[]): number {
  return transcript.filter((line) => /^ {2}record #\d+ allow/.test(line)).length;
}

describe("replies through the inspector", () => {
  // in one message at a time, or everything before the first answer: the scheduler decides
  it("have the number and order of a server that refuses by itself", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
        (parts, schedule) => {
          const messages = [...parts.flat(), SYNC];
          const native = new ModelServer(options(true));
          const expected = shape(Buffer.concat(messages.flatMap((one) => native.take(encodeFrontend(one)))));

          const target = new ModelServer(options(false));
          const bench = new Bench({
            catalog: () => CATALOG,
            verdict: (operation) =>
              operation.type === "sql" && operation.facts.kinds.includes("DELETE")
                ? { outcome: "deny", ruleId: "no-delete" }
                : {},
          });
          const replies: Buffer[] = [];
          const deliver = (): void => {
            replies.push(...target.take(bench.sent("target")));
            expect(target.ran.length).toBeLessThanOrEqual(allowed(bench.transcript));
            for (const reply of replies.splice(0)) bench.targetBytes(reply);
          };
          const got: Buffer[] = [];
          messages.forEach((one, index) => {
            bench.client(one);
            if (schedule[index % schedule.length] === true) deliver();
          });
          for (let round = 0; round < messages.length + 2; round++) deliver();
          got.push(bench.sent("client"));
          const shown = shape(Buffer.concat(got));
          expect(shown, bench.transcript.join("\n")).toEqual(expected);
          expect(target.ran.some((sql) => sql.startsWith("delete"))).toBe(false);
          for (const value of ["a@b.c", "c.b@a"])
            expect(Buffer.concat(got).includes(value), bench.transcript.join("\n")).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });
});
