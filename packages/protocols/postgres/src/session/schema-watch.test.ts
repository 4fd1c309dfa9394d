import { loadClassifier } from "@tidewaiter/toolkit/sql/classifier";
import { describe, expect, it } from "vitest";
import { encodeBackend } from "../encode-backend.ts";
import type { BackendMessage } from "../messages.ts";
import { SchemaWatch } from "./schema-watch.ts";

const { classify } = await loadClassifier();

function start() {
  let commits = 0;
  const watch = new SchemaWatch(() => {
    commits++;
  });
  return {
    watch,
    commits: () => commits,
    send(sql: string, named = false): void {
      const classified = classify(sql);
      watch.sending(sql, classified.ok ? classified.statements : [], named);
    },
    receive(message: BackendMessage): void {
      const buffer = Buffer.from(encodeBackend(message));
      watch.received({ kind: "message", type: buffer[0] ?? 0, buffer, start: 0, end: buffer.length });
    },
  };
}

describe("SchemaWatch", () => {
  it.each([
    ["alter table a rename column b to c", ["a"], []],
    ["alter table a rename to b", ["a"], []],
    ["alter table s.a set schema t", ["a"], []],
    ["alter table a alter column b type text using c", ["a"], []],
    ["alter table a add column b int", [], ["a"]],
    ["create table a (b int)", [], ["a"]],
    ["drop table a", ["a"], []],
    ["alter table p attach partition c for values in (1)", ["p", "c"], []],
  ])("%s: what may mean something else", (sql, names, widened) => {
    const { watch, send } = start();
    send(sql);
    expect(watch.shift).toEqual({
      names: new Set(names),
      widened: new Set(widened),
      views: false,
      code: new Set(),
      all: false,
    });
  });

  it("takes everything for moved after code, and every view after one was made", () => {
    const { watch, send } = start();
    send("create or replace view v as select 1");
    expect(watch.shift).toMatchObject({ views: true, all: false });
    send("do $$ begin end $$");
    expect(watch.shift).toMatchObject({ all: true });
  });

  it("reads and writes move nothing", () => {
    const { watch, send } = start();
    for (const sql of ["select 1", "update a set b = 1", "begin", "set search_path = x"]) send(sql);
    expect(watch.shift).toBeUndefined();
  });

  it("tells others when a change may be committed, not before", () => {
    const { watch, send, commits, receive } = start();
    send("alter table a rename to b");
    receive({ name: "ReadyForQuery", status: "T" });
    expect(commits()).toBe(0);
    receive({ name: "ReadyForQuery", status: "I" });
    expect(commits()).toBe(1);
    watch.settled();
    expect(watch.shift).toBeUndefined();
    watch.ended();
    expect(commits()).toBe(1);
  });

  it("tells them as well when the session ends without an answer", () => {
    const { watch, send, commits } = start();
    send("alter table a rename to b");
    watch.ended();
    expect(commits()).toBe(1);
  });

  it("remembers what a prepared statement may do when its name is executed again", () => {
    const { watch, send, receive } = start();
    send("alter table a rename column b to c", true);
    receive({ name: "ReadyForQuery", status: "I" });
    watch.settled();
    receive({ name: "CommandComplete", tag: "SELECT 1" });
    expect(watch.shift).toBeUndefined();
    receive({ name: "CommandComplete", tag: "ALTER TABLE" });
    expect(watch.shift).toMatchObject({ names: new Set(["a"]) });
  });

  it("keeps the words of what makes functions, as far as they can be read", () => {
    const { watch, send } = start();
    send("create function public.Lower(int) returns text language sql as 'select 1'");
    expect(watch.shift?.code).toContain("lower");
    expect(watch.shift?.code).not.toContain("upper");
    send(`create function public.U&"low\\0065r"(int) returns text language sql as 'select 1'`);
    expect(watch.shift?.code).toBeUndefined();
  });

  it("wakes who waits for an answer", async () => {
    const { watch, receive } = start();
    const answered = watch.nextAnswer();
    receive({ name: "ReadyForQuery", status: "I" });
    await answered;
  });
});
