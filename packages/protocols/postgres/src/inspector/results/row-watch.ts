import { hash } from "node:crypto";
import type { BudgetLimit, Canary } from "@tidewaiter/core";
import { labelCounters } from "@tidewaiter/core";
import type { CopyFormat } from "../../mask/copy-values.ts";
import { decodeNumeric, formatDecimal } from "../../mask/decimal.ts";
import { integerType, readInteger } from "../../mask/integers.ts";
import type { CellMask } from "../../mask/mask-rows.ts";
import { isContentMask } from "../../mask/mask-rows.ts";
import { CHARACTER_TYPES } from "../../mask/type-constants.ts";
import type { FieldDescription } from "../../messages.ts";

/** What is looked for in the columns of a result that carry labels. */
export interface RowWatch {
  readonly columns: readonly (WatchedColumn | undefined)[];
  /** Counters of cells, each with the number of columns that draw on it. */
  readonly counters: ReadonlyMap<string, number>;
  readonly hasCanaries: boolean;
  /** Set where the rows are CopyData. */
  readonly copy?: CopyFormat;
}

export interface WatchedColumn {
  readonly name: string;
  readonly labels: readonly string[];
  readonly counters: readonly string[];
  readonly canaries: readonly Canary[];
  readonly typeOid: number;
  readonly format: number;
}

export interface FoundCanary {
  readonly canary: Canary;
  readonly column: WatchedColumn;
}

export interface ColumnToWatch {
  readonly field: FieldDescription;
  readonly format: number;
  readonly labels: readonly string[];
  /** How its values are delivered; undefined: as they are. */
  readonly mask: CellMask | undefined;
}

/** Undefined: nothing is looked for, so no row needs to be read. */
export function watchRows(
  columns: readonly ColumnToWatch[],
  budgets: readonly BudgetLimit[],
  canaries: readonly Canary[],
): RowWatch | undefined {
  const watched = columns.map((column) => watchColumn(column, budgets, canaries));
  const found = watched.filter((column) => column !== undefined);
  if (found.length === 0) return undefined;
  const counters = new Map<string, number>();
  for (const counter of found.flatMap((column) => column.counters))
    counters.set(counter, (counters.get(counter) ?? 0) + 1);
  return { columns: watched, counters, hasCanaries: found.some((column) => column.canaries.length > 0) };
}

function watchColumn(
  { field, format, labels, mask }: ColumnToWatch,
  budgets: readonly BudgetLimit[],
  all: readonly Canary[],
): WatchedColumn | undefined {
  const limits = isHidden(mask) ? [] : budgets.flatMap(({ limits: one }) => labelCounters(one, "cells", labels));
  const canaries = all.filter(({ label }) => labels.some((name) => label.matches(name)));
  if (limits.length === 0 && canaries.length === 0) return undefined;
  const { name, typeOid } = field;
  return { name, labels, counters: [...new Set(limits)], canaries, typeOid, format };
}

/** Every value becomes the same one, so that nothing of it is shown. */
function isHidden(mask: CellMask | undefined): boolean {
  return mask !== undefined && !isContentMask(mask) && mask.transform === undefined;
}

/** Of one DataRow at `at`, as the client gets it: how many cells draw on each counter. NULL shows nothing. */
export function addCells({ columns }: RowWatch, buffer: Buffer, at: number, cost: Record<string, number>): void {
  let cell = at + 7;
  for (const column of columns) {
    const length = buffer.readInt32BE(cell);
    cell += 4 + Math.max(0, length);
    if (column === undefined || length < 0) continue;
    for (const counter of column.counters) cost[counter] = (cost[counter] ?? 0) + 1;
  }
}

/** The first planted value among rows as the target sent them. */
export function canaryInRows(
  { columns }: RowWatch,
  buffer: Buffer,
  start: number,
  end: number,
): FoundCanary | undefined {
  for (let at = start; at < end; at += 1 + buffer.readInt32BE(at + 1)) {
    let cell = at + 7;
    for (const column of columns.slice(0, buffer.readInt16BE(at + 5))) {
      const length = buffer.readInt32BE(cell);
      const from = cell + 4;
      cell = from + Math.max(0, length);
      const found = column && length >= 0 ? canaryIn(column, buffer.subarray(from, cell)) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

export function canaryIn(column: WatchedColumn, value: Buffer): FoundCanary | undefined {
  if (column.canaries.length === 0) return undefined;
  const text = textOf(column, value);
  if (text === undefined) return undefined;
  const digest = hash("sha256", text, "hex");
  const canary = column.canaries.find(({ hashes }) => hashes.has(digest));
  return canary === undefined ? undefined : { canary, column };
}

const BPCHAR = 1042;
const NUMERIC = 1700;
const UUID = 2950;
const FIRST_USER_TYPE = 16_384;
const UUID_BYTES = 16;
const SPACE = 0x20;

/** A value as psql shows it. Undefined: in binary, of a type that is not read here. */
function textOf({ typeOid, format }: WatchedColumn, value: Buffer): Buffer | string | undefined {
  if (typeOid === BPCHAR) return withoutPadding(value);
  // of citext and enums both forms are the characters
  if (format === 0 || CHARACTER_TYPES.has(typeOid) || typeOid >= FIRST_USER_TYPE) return value;
  if (typeOid === UUID && value.length === UUID_BYTES)
    return value.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  if (typeOid === NUMERIC) {
    const number = decodeNumeric(value);
    return number === undefined ? undefined : formatDecimal(number);
  }
  const integer = integerType(typeOid);
  return integer === undefined ? undefined : readInteger(integer, format, value)?.toString();
}

function withoutPadding(value: Buffer): Buffer {
  let end = value.length;
  while (end > 0 && value[end - 1] === SPACE) end--;
  return value.subarray(0, end);
}
