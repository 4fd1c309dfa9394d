import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { TidewaiterError } from "@tidewaiter/core/errors";

const derive = promisify<"argon2id", Argon2Parameters, Buffer>(argon2);

/** OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT = 16;
const TAG = 32;
export const MIN_PASSWORD = 12;
export const MAX_PASSWORD = 256;

/** Each takes 19 MiB and one of libuv's four threads, which also sync the recordings: never more than half of them. */
const AT_ONCE = 2;
const QUEUE_LIMIT = 64;
let running = 0;
const queue: (() => void)[] = [];

/** PHC string: `$argon2id$v=19$m=19456,t=2,p=1$SALT$TAG`. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT);
  const tag = await limited(() => derive("argon2id", { message: password, nonce: salt, tagLength: TAG, ...COST }));
  const { memory, passes, parallelism } = COST;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

export async function verifyPassword(password: string, hash: string): Promise<boolean> {
  const match = PHC.exec(hash);
  if (match === null) return false;
  const [, memory, passes, parallelism, salt = "", tag = ""] = match;
  const expected = Buffer.from(tag, "base64");
  const found = await limited(() =>
    derive("argon2id", {
      message: password,
      nonce: Buffer.from(salt, "base64"),
      tagLength: expected.length,
      memory: Number(memory),
      passes: Number(passes),
      parallelism: Number(parallelism),
    }),
  );
  return timingSafeEqual(found, expected);
}

let decoy: Promise<string> | undefined;

/** Takes as long as a real comparison, so that the time tells nothing about which names exist. */
export async function verifyNothing(password: string): Promise<false> {
  decoy ??= hashPassword(randomBytes(16).toString("hex"));
  await verifyPassword(password, await decoy);
  return false;
}

async function limited<Result>(work: () => Promise<Result>): Promise<Result> {
  if (running >= AT_ONCE) {
    if (queue.length >= QUEUE_LIMIT)
      throw new TidewaiterError("rate_limited", "too many people sign in at this moment");
    await new Promise<void>((resolve) => queue.push(resolve));
  }
  running++;
  try {
    return await work();
  } finally {
    running--;
    queue.shift()?.();
  }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
