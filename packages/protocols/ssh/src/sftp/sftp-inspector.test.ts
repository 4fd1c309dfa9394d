import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SftpEnd, SftpInspector, type SftpRequest } from "./sftp-inspector.ts";
import { OPEN_FLAGS, SFTP, STATUS } from "./sftp-packets.ts";

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const u64 = (value: number): Buffer => Buffer.concat([u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32)]);
const text = (value: string | Buffer): Buffer => Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);
const packet = (type: number, ...fields: Buffer[]): Buffer => {
  const body = Buffer.concat([Buffer.of(type), ...fields]);
  return Buffer.concat([u32(body.length), body]);
};

function inspect(
  allow: (request: SftpRequest) => boolean = () => true,
  spend: (bytes: number) => true | Promise<boolean> = () => true,
) {
  const toTarget: Buffer[] = [];
  const toClient: Buffer[] = [];
  const judged: SftpRequest[] = [];
  const moved: SftpEnd[] = [];
  const inspector = new SftpInspector({
    toTarget: (bytes) => void toTarget.push(Buffer.from(bytes)),
    toClient: (bytes) => void toClient.push(Buffer.from(bytes)),
    judge: async (request) => {
      judged.push(request);
      return allow(request) ? { ok: true, operation: judged.length } : { ok: false, message: "no" };
    },
    moved: (end) => void moved.push(end),
    spend: (_, bytes) => spend(bytes),
  });
  return { inspector, toTarget, toClient, judged, moved };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("sftp", () => {
  it("asks for version 3 at most, and takes no number twice", async () => {
    const { inspector, toTarget } = inspect();
    inspector.client(packet(SFTP.INIT, u32(6)));
    expect(toTarget).toEqual([packet(SFTP.INIT, u32(3))]);
    const open = (path: string) => packet(SFTP.OPEN, u32(1), text(path), u32(OPEN_FLAGS.READ), u32(0));
    inspector.client(open("/a"));
    await settled();
    // the answer to the first would be taken for one to the second
    expect(() => inspector.client(open("/b"))).toThrow(RangeError);
    inspector.target(packet(SFTP.HANDLE, u32(1), text("h")));
    const read = packet(SFTP.READ, u32(2), text("h"), u64(0), u32(1));
    inspector.client(read);
    expect(() => inspector.client(read)).toThrow(RangeError);
  });

  it("passes everything on as it came, and tells a file with its sum although replies overtake each other", async () => {
    const { inspector, toTarget, toClient, judged, moved } = inspect();
    const content = randomBytes(70_000);
    const requests = [packet(SFTP.INIT, u32(3)), packet(SFTP.OPEN, u32(1), text("/f"), u32(OPEN_FLAGS.READ), u32(0))];
    for (const request of requests) inspector.client(request);
    await settled();
    inspector.target(packet(SFTP.HANDLE, u32(1), text("h")));
    const reads = [0, 32_768, 65_536].map((offset, index) =>
      packet(SFTP.READ, u32(2 + index), text("h"), u64(offset), u32(32_768)),
    );
    for (const request of reads) inspector.client(request);
    const data = [0, 1, 2].map((index) =>
      packet(SFTP.DATA, u32(2 + index), text(content.subarray(index * 32_768, (index + 1) * 32_768))),
    );
    for (const index of [1, 0, 2]) inspector.target(data[index] ?? Buffer.alloc(0));
    const close = packet(SFTP.CLOSE, u32(9), text("h"));
    inspector.client(close);
    expect(Buffer.concat(toTarget)).toEqual(Buffer.concat([...requests, ...reads, close]));
    expect(toClient).toHaveLength(4);
    expect(judged).toEqual([{ verb: "get", paths: ["/f"] }]);
    const sha256 = createHash("sha256").update(content).digest("hex");
    expect(moved).toEqual([{ operation: 1, path: "/f", direction: "download", bytes: content.length, sha256 }]);
  });

  it("answers what is refused by itself: the target never hears of it", async () => {
    const { inspector, toTarget, toClient } = inspect(({ verb }) => verb === "get");
    inspector.client(packet(SFTP.OPEN, u32(1), text("/f"), u32(OPEN_FLAGS.WRITE | OPEN_FLAGS.CREAT), u32(0)));
    inspector.client(packet(SFTP.OPEN, u32(2), text("/f"), u32(OPEN_FLAGS.READ | OPEN_FLAGS.WRITE), u32(0)));
    inspector.client(packet(SFTP.OPEN, u32(3), text("/f"), u32(0), u32(0)));
    inspector.client(packet(SFTP.REMOVE, u32(4), text("/f")));
    inspector.client(packet(SFTP.EXTENDED, u32(5), text("posix-rename@openssh.com"), text("/a"), text("/b")));
    inspector.client(packet(SFTP.EXTENDED, u32(6), text("new@example.com"), text("?")));
    inspector.client(packet(99, u32(7)));
    await settled();
    expect(toTarget).toEqual([]);
    const answers = toClient.map((bytes) => [bytes[4], bytes.readUInt32BE(5), bytes.readUInt32BE(9)]);
    expect(answers.sort(([, a = 0], [, b = 0]) => a - b)).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((id) => [SFTP.STATUS, id, STATUS.PERMISSION_DENIED]),
    );
  });

  it("keeps the order of requests that name files, while one of them is judged", async () => {
    const decide = new Map<string, (ok: boolean) => void>();
    const toTarget: number[] = [];
    const refused: number[] = [];
    const inspector = new SftpInspector({
      toTarget: (bytes) => void toTarget.push(bytes.readUInt32BE(5)),
      toClient: (bytes) => void refused.push(bytes.readUInt32BE(5)),
      judge: ({ paths }) =>
        new Promise((resolve) => {
          decide.set(paths[0] ?? "", (ok) => resolve(ok ? { ok, operation: 1 } : { ok, message: "no" }));
        }),
      moved: () => {},
      spend: () => true,
    });
    inspector.client(packet(SFTP.LSTAT, u32(1), text("/new")));
    inspector.client(packet(SFTP.OPEN, u32(2), text("/new"), u32(OPEN_FLAGS.WRITE | OPEN_FLAGS.CREAT), u32(0)));
    inspector.client(packet(SFTP.LSTAT, u32(3), text("/new")));
    inspector.client(packet(SFTP.READDIR, u32(4), text("a folder")));
    inspector.client(packet(SFTP.REMOVE, u32(5), text("/old")));
    inspector.client(packet(SFTP.STAT, u32(6), text("/old")));
    expect(toTarget).toEqual([1, 4]);
    decide.get("/old")?.(false);
    await settled();
    expect([toTarget, refused]).toEqual([[1, 4], []]);
    decide.get("/new")?.(true);
    await settled();
    expect([toTarget, refused]).toEqual([[1, 4, 2, 3, 6], [5]]);
    // and no more wait than a limit
    inspector.client(packet(SFTP.REMOVE, u32(7), text("/held")));
    for (let id = 100; id < 5_100; id++) inspector.client(packet(SFTP.STAT, u32(id), text("/x")));
    expect(refused).toHaveLength(1 + 5_000 - 4_095);
    inspector.client(packet(SFTP.STAT, u32(9_000), text("y".repeat(200_000))));
    decide.get("/held")?.(true);
    await settled();
    expect(toTarget).toHaveLength(5 + 1 + 4_095);
    for (let id = 10_000; id < 10_010; id++) inspector.client(packet(SFTP.REMOVE, u32(id), text("z".repeat(200_000))));
    expect(refused.slice(-5)).toEqual([10_005, 10_006, 10_007, 10_008, 10_009]);
  });

  it("reads and writes only by handles that an open has given, and only data that was asked for", async () => {
    const { inspector, toTarget, toClient } = inspect();
    inspector.client(packet(SFTP.READ, u32(1), text("guessed"), u64(0), u32(10)));
    inspector.client(packet(SFTP.WRITE, u32(2), text("guessed"), u64(0), text("x")));
    expect(toTarget).toEqual([]);
    expect(toClient).toHaveLength(2);
    expect(() => inspector.target(packet(SFTP.DATA, u32(5), text("unasked")))).toThrow(RangeError);
  });

  it("stops data when the budget is spent", async () => {
    let left = 5;
    const { inspector, toClient } = inspect(undefined, async (bytes) => {
      left -= bytes;
      return left >= 0;
    });
    inspector.client(packet(SFTP.OPEN, u32(1), text("/f"), u32(OPEN_FLAGS.READ), u32(0)));
    await settled();
    inspector.target(packet(SFTP.HANDLE, u32(1), text("h")));
    inspector.client(packet(SFTP.READ, u32(2), text("h"), u64(0), u32(5)));
    inspector.target(packet(SFTP.DATA, u32(2), text("12345")));
    inspector.client(packet(SFTP.READ, u32(3), text("h"), u64(5), u32(5)));
    inspector.target(packet(SFTP.DATA, u32(3), text("67890")));
    await settled();
    expect(toClient.map((bytes) => bytes[4])).toEqual([SFTP.HANDLE, SFTP.DATA, SFTP.STATUS]);
  });

  it("takes any bytes, however cut, without failing in another way than a RangeError", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 30 }), fc.boolean(), (chunks, client) => {
        const { inspector } = inspect();
        try {
          for (const chunk of chunks)
            if (client) inspector.client(Buffer.from(chunk));
            else inspector.target(Buffer.from(chunk));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  it("gives the same packets for every way to cut the stream", async () => {
    const stream = Buffer.concat([
      packet(SFTP.INIT, u32(3)),
      packet(SFTP.STAT, u32(1), text("/a")),
      packet(SFTP.OPENDIR, u32(2), text("/")),
      packet(SFTP.REALPATH, u32(3), text(".")),
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 10 }), (cuts) => {
        const { inspector, toTarget } = inspect();
        const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
        for (let index = 1; index < at.length; index++) inspector.client(stream.subarray(at[index - 1], at[index]));
        expect(Buffer.concat(toTarget)).toEqual(stream);
        expect(toTarget).toHaveLength(4);
      }),
    );
  });
});
