import { randomBytes } from "node:crypto";
import { type FileHandle, link, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { TidewaiterError } from "@tidewaiter/core/errors";
import { newId } from "@tidewaiter/core/ids";
import type { WrappingKey } from "@tidewaiter/secret-stores";
import { z } from "zod";
import { driverCode } from "../storage/storage-error.ts";

/** Names of master keys and their 32 bytes in base64. Which one is in force stands in the store, not here. */
const plainSchema = z.strictObject({ version: z.literal(1), keys: z.record(z.string(), z.base64()) });
/** The same, each key wrapped by a key that is kept elsewhere: the file alone opens nothing. */
const wrappedSchema = z.strictObject({
  version: z.literal(2),
  wrappedBy: z.string(),
  keys: z.record(z.string(), z.string()),
});
const fileSchema = z.discriminatedUnion("version", [plainSchema, wrappedSchema]);

export type MasterKeys = ReadonlyMap<string, Buffer>;

/**
 * The master keys in a file that only its owner may read. Reading refuses any other mode; writing is atomic (a new file,
 * fsync, rename) so that a crash leaves the old or the new one.
 */
export class MasterKeyFile {
  readonly path: string;
  readonly #wrapping: WrappingKey | undefined;

  /** @param wrapping keys are written wrapped by it; a file from before it is wrapped at the next start */
  constructor(path: string, wrapping?: WrappingKey) {
    this.path = path;
    this.#wrapping = wrapping;
  }

  /** Makes the file with one new key if there is none; of two processes that start together, one makes it. */
  async readOrCreate(): Promise<MasterKeys> {
    const found = await this.#readIfPresent();
    if (found !== undefined) {
      if (this.#wrapping !== undefined && !found.wrapped) await this.write(found.keys);
      return found.keys;
    }
    await this.#create(new Map([[newMasterKeyId(), randomBytes(32)]]));
    return this.read();
  }

  async read(): Promise<MasterKeys> {
    const found = await this.#readIfPresent();
    if (found === undefined) throw unusable(`there is no master key file at ${this.path}`);
    return found.keys;
  }

  async write(keys: MasterKeys): Promise<void> {
    const temporary = await this.#writeTemporary(keys);
    await rename(temporary, this.path);
    await syncFolder(this.path);
  }

  async #readIfPresent(): Promise<{ readonly keys: MasterKeys; readonly wrapped: boolean } | undefined> {
    let handle: FileHandle;
    try {
      handle = await open(this.path, "r");
    } catch (error) {
      if (driverCode(error) === "ENOENT") return undefined;
      throw unusable(`the master key file ${this.path} cannot be read`, error);
    }
    try {
      const stat = await handle.stat();
      if (!stat.isFile() || (stat.mode & 0o077) !== 0) {
        throw unusable(`the master key file ${this.path} can be read by others than its owner`, undefined, {
          next: `chmod 600 ${this.path}`,
        });
      }
      return await this.#parse(await handle.readFile("utf8"));
    } finally {
      await handle.close();
    }
  }

  async #parse(text: string): Promise<{ readonly keys: MasterKeys; readonly wrapped: boolean }> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's message quotes the text, which is the key.
      throw unusable(`the master key file ${this.path} is not JSON`);
    }
    const file = fileSchema.safeParse(value);
    if (!file.success) throw unusable(`the master key file ${this.path} has another form than expected`);
    const wrapped = file.data.version === 2;
    const keys = file.data.version === 2 ? await this.#unwrap(file.data) : decoded(file.data.keys);
    if (keys.size === 0 || [...keys.values()].some((key) => key.length !== 32)) {
      throw unusable(`the master key file ${this.path} does not hold 32-byte keys`);
    }
    return { keys, wrapped };
  }

  async #unwrap({ wrappedBy, keys }: z.output<typeof wrappedSchema>): Promise<Map<string, Buffer>> {
    const wrapping = this.#wrapping;
    if (wrapping?.id !== wrappedBy) {
      throw unusable(`the master keys in ${this.path} are wrapped by ${wrappedBy}`, undefined, {
        next: `Start with --master-key-wrap ${wrappedBy}.`,
      });
    }
    const unwrapped = new Map<string, Buffer>();
    for (const [id, key] of Object.entries(keys)) unwrapped.set(id, await wrapping.unwrap(key, id));
    return unwrapped;
  }

  async #toText(keys: MasterKeys): Promise<string> {
    const wrapping = this.#wrapping;
    if (wrapping === undefined) {
      const plain = Object.fromEntries([...keys].map(([id, key]) => [id, key.toString("base64")]));
      return JSON.stringify({ version: 1, keys: plain });
    }
    const wrapped: Record<string, string> = {};
    for (const [id, key] of keys) wrapped[id] = await wrapping.wrap(key, id);
    return JSON.stringify({ version: 2, wrappedBy: wrapping.id, keys: wrapped });
  }

  async #create(keys: MasterKeys): Promise<void> {
    const temporary = await this.#writeTemporary(keys);
    try {
      // Unlike rename, link fails when another process was first.
      await link(temporary, this.path);
      await syncFolder(this.path);
    } catch (error) {
      if (driverCode(error) !== "EEXIST") throw unusable(`the master key file ${this.path} cannot be made`, error);
    } finally {
      await unlink(temporary);
    }
  }

  async #writeTemporary(keys: MasterKeys): Promise<string> {
    const temporary = `${this.path}.${randomBytes(6).toString("hex")}.new`;
    const text = await this.#toText(keys);
    try {
      const handle = await open(temporary, "wx", 0o600);
      try {
        await handle.writeFile(`${text}\n`);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      throw unusable(`the master key file ${this.path} cannot be written`, error);
    }
    return temporary;
  }
}

function decoded(keys: Readonly<Record<string, string>>): Map<string, Buffer> {
  return new Map(Object.entries(keys).map(([id, key]) => [id, Buffer.from(key, "base64")]));
}

export function newMasterKeyId(): string {
  return newId("mk");
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unusable(detail: string, cause?: unknown, options: { next?: string } = {}): TidewaiterError {
  return new TidewaiterError("internal", detail, cause === undefined ? options : { ...options, cause });
}
