import { connectPg, startPostgres } from "@tidewaiter/testkit";
import { chunked } from "@tidewaiter/testkit/chunking";
import { describe, expect, it } from "vitest";
import { RawSession, ReplyCounter } from "./raw-session.ts";

function message(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.write(type, "latin1");
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

describe("ReplyCounter", () => {
  const rows = [
    message("D", Buffer.alloc(300)),
    message("D", Buffer.alloc(0)),
    message("C", Buffer.from("SELECT 2\0")),
  ];
  const reply = Buffer.concat([...rows, message("Z", Buffer.from("I"))]);

  it.each([[[reply.length]], [[1]], [[3, 5, 7]], [[304, 2]]])("counts alike in pieces of %j", (sizes) => {
    const counter = new ReplyCounter();
    for (const piece of chunked(reply, sizes)) counter.add(Buffer.from(piece));
    expect(counter).toMatchObject({ rows: 2, bytes: reply.length, ready: true, failed: false });
  });
});

it("counts the rows of a real server and reports its errors", async () => {
  await using server = await startPostgres({ auth: "scram" });
  const { host, port } = server;
  const route = { name: "direct", host, port, user: "postgres", password: server.superuserPassword } as const;
  const session = await RawSession.open({ ...route, database: "postgres", pids: [], stop: async () => {} });
  expect(await session.query("select generate_series(1, 5000)")).toMatchObject({ rows: 5000 });
  await expect(session.query("select broken")).rejects.toThrow("failed");
  expect(await session.query("select 1")).toMatchObject({ rows: 1 });
  session.close();
  await using after = await connectPg(server.connectionString());
  expect((await after.client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
});
