import { TidewaiterError } from "@tidewaiter/core/errors";
import { decrypt, encrypt } from "./cipher.ts";
import { type DataKeyRow, type MasterKey, newDataKey, unwrapDataKey } from "./data-key.ts";
import { type MasterKeyFile, type MasterKeys, newMasterKeyId } from "./key-file.ts";

/** Where a sealed value lives: a value moved to another place does not open. */
export interface SealedPlace {
  readonly noun: string;
  readonly id: string;
  readonly field: string;
}

/** Both go to the store in one unit of work. */
export interface Sealed {
  readonly dataKey: DataKeyRow;
  readonly sealed: string;
}

/** What the sealer needs of the store. */
export interface SealStore {
  /** The id of the master key in force; sets it to `candidate` when the store is new. */
  activeMasterKey(candidate: string): Promise<string>;
  dataKey(id: string): Promise<DataKeyRow | undefined>;
  rewrap(args: { readonly from: readonly MasterKey[]; readonly to: MasterKey }): Promise<{ readonly count: number }>;
}

/** Seals and opens values: AES-256-GCM under a data key of their own, wrapped by the master key in force. */
export class Sealer {
  readonly #file: MasterKeyFile;
  readonly #store: SealStore;
  readonly #now: () => number;
  #keys: MasterKeys;
  #activeId: string;

  private constructor(parts: {
    file: MasterKeyFile;
    store: SealStore;
    now: () => number;
    keys: MasterKeys;
    activeId: string;
  }) {
    this.#file = parts.file;
    this.#store = parts.store;
    this.#now = parts.now;
    this.#keys = parts.keys;
    this.#activeId = parts.activeId;
  }

  /** Refuses to start over a key file that does not fit the store: nothing sealed in it could be opened. */
  static async open(file: MasterKeyFile, store: SealStore, now: () => number): Promise<Sealer> {
    const keys = await file.readOrCreate();
    const [first] = keys.keys();
    const activeId = await store.activeMasterKey(first ?? "");
    if (!keys.has(activeId)) {
      throw new TidewaiterError("internal", `the master key file ${file.path} does not belong to this store`, {
        next: "Restore the key file that was made with it.",
      });
    }
    return new Sealer({ file, store, now, keys, activeId });
  }

  newDataKey(noun: string, refId: string): { row: DataKeyRow; key: Buffer } {
    return newDataKey(this.#master(this.#activeId), noun, refId, new Date(this.#now()).toISOString());
  }

  seal(place: SealedPlace, plaintext: string | Uint8Array): Sealed {
    const { row, key } = this.newDataKey(place.noun, place.id);
    const bytes = typeof plaintext === "string" ? Buffer.from(plaintext) : plaintext;
    const sealed = `v1.${row.id}.${encrypt(key, context(place), bytes)}`;
    key.fill(0);
    return { dataKey: row, sealed };
  }

  async open(place: SealedPlace, sealed: string): Promise<Buffer> {
    const [version, keyId, body] = sealed.split(".");
    if (version !== "v1" || keyId === undefined || body === undefined) {
      throw new TidewaiterError("internal", "a sealed value has an unknown form");
    }
    const key = await this.dataKey(keyId);
    const plaintext = decrypt(key, context(place), body);
    key.fill(0);
    return plaintext;
  }

  /** The bare data key, e.g. of a session's recording. */
  async dataKey(id: string): Promise<Buffer> {
    const row = await this.#store.dataKey(id);
    if (row === undefined) throw new TidewaiterError("internal", "the key of a sealed value is gone");
    if (!this.#keys.has(row.masterKeyId)) this.#keys = await this.#file.read();
    return unwrapDataKey(row, this.#master(row.masterKeyId).key);
  }

  /**
   * Runs work that stores a new data key. If another process rotated the master key meanwhile the store refuses the
   * unit; it is done again under the new one.
   */
  async sealing<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      const activeId = await this.#store.activeMasterKey(this.#activeId).catch(() => this.#activeId);
      if (activeId === this.#activeId) throw error;
      await this.#follow(activeId);
      return work();
    }
  }

  /** A new master key, every data key wrapped anew in one unit of work; the old key is readable until that is done. */
  async rotate(): Promise<{ readonly masterKeyId: string; readonly dataKeys: number }> {
    const next: MasterKey = { id: newMasterKeyId(), key: crypto.getRandomValues(new Uint8Array(32)) };
    const old = await this.#file.read();
    await this.#file.write(new Map([...old, [next.id, Buffer.from(next.key)]]));
    const from = [...old].map(([id, key]) => ({ id, key: new Uint8Array(key) }));
    const { count } = await this.#store.rewrap({ from, to: next });
    await this.#file.write(new Map([[next.id, Buffer.from(next.key)]]));
    await this.#follow(next.id);
    return { masterKeyId: next.id, dataKeys: count };
  }

  async #follow(activeId: string): Promise<void> {
    this.#keys = await this.#file.read();
    this.#master(activeId);
    this.#activeId = activeId;
  }

  #master(id: string): MasterKey {
    const key = this.#keys.get(id);
    if (key === undefined) throw new TidewaiterError("internal", `master key ${id} is not in the key file`);
    return { id, key };
  }
}

function context(place: SealedPlace): string[] {
  return [place.noun, place.id, place.field];
}
