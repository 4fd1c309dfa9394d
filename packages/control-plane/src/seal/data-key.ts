import { randomBytes } from "node:crypto";
import { newId } from "@tidewaiter/core/ids";
import type { dataKeys } from "../storage/schema.ts";
import { decrypt, encrypt } from "./cipher.ts";

export type DataKeyRow = typeof dataKeys.$inferSelect;

/** Bound to what the key is for, so that a wrapped key moved to another row does not open there. */
function wrapContext(row: Pick<DataKeyRow, "id" | "noun" | "refId" | "masterKeyId">): string[] {
  return ["data-key", row.id, row.noun, row.refId, row.masterKeyId];
}

export interface MasterKey {
  readonly id: string;
  readonly key: Uint8Array;
}

export function newDataKey(master: MasterKey, noun: string, refId: string, createdAt: string) {
  const key = randomBytes(32);
  const named = { id: newId("dk"), noun, refId, masterKeyId: master.id, createdAt };
  const row: DataKeyRow = { ...named, wrapped: encrypt(master.key, wrapContext(named), key) };
  return { row, key };
}

export function unwrapDataKey(row: DataKeyRow, master: Uint8Array): Buffer {
  return decrypt(master, wrapContext(row), row.wrapped);
}

/** The same data key under another master key. What it seals stays as it is. */
export function rewrapDataKey(row: DataKeyRow, from: Uint8Array, to: MasterKey): DataKeyRow {
  const key = unwrapDataKey(row, from);
  const moved = { ...row, masterKeyId: to.id };
  const wrapped = encrypt(to.key, wrapContext(moved), key);
  key.fill(0);
  return { ...moved, wrapped };
}
