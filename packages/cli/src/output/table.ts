import { escapeText } from "@tidewaiter/core/recording/escape-text";
import type { Paint } from "./colour.ts";
import type { Output } from "./output.ts";

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | boolean | null | undefined;
  readonly align?: "left" | "right";
  /** What a terminal that is too narrow shows in place of `value`, before any column goes. */
  readonly short?: (row: Row) => string;
  /** The column may be left out of a terminal that is still too narrow: the one with the highest number first. */
  readonly spare?: number;
}

const GAP = "  ";

/**
 * Rows under titles, or `empty` when there are none. Every cell is escaped; no id is cut, so that it can be copied. A
 * terminal that is too narrow gets shorter columns, then fewer, and is told which; whoever reads a pipe gets all.
 */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { paint, size }: Pick<Output, "paint" | "size">,
  empty: string,
): string[] {
  if (rows.length === 0) return [empty];
  const room = size?.columns ?? Number.POSITIVE_INFINITY;
  const whole = columns.map((column) => layOut(column, rows));
  const shorter = widthOf(whole) <= room ? whole : columns.map((column) => layOut(inShort(column), rows));
  const shown = leaveOut(shorter, room);
  const lines = Array.from({ length: rows.length + 1 }, (_, index) =>
    shown
      .map(({ cells }) => cells[index])
      .join(GAP)
      .trimEnd(),
  );
  const gone = shorter.filter((one) => !shown.includes(one)).map(({ column }) => column.title);
  const note = gone.length === 0 ? [] : [paint("dim", `(a wider terminal and --json also show: ${gone.join(", ")})`)];
  return [paint("dim", lines[0] ?? ""), ...lines.slice(1), ...note];
}

interface LaidOut<Row> {
  readonly column: Column<Row>;
  readonly width: number;
  /** The title, then a cell of each row, all of that width. */
  readonly cells: readonly string[];
}

function layOut<Row>(column: Column<Row>, rows: readonly Row[]): LaidOut<Row> {
  const texts = [column.title, ...rows.map((row) => cellText(column.value(row)))];
  const width = Math.max(...texts.map((text) => text.length));
  const pad = (text: string) => (column.align === "right" ? text.padStart(width) : text.padEnd(width));
  return { column, width, cells: texts.map(pad) };
}

function inShort<Row>(column: Column<Row>): Column<Row> {
  return column.short === undefined ? column : { ...column, value: column.short };
}

function widthOf(columns: readonly LaidOut<never>[]): number {
  return columns.reduce((sum, { width }) => sum + width, GAP.length * (columns.length - 1));
}

function leaveOut<Row>(columns: readonly LaidOut<Row>[], room: number): readonly LaidOut<Row>[] {
  if (widthOf(columns) <= room) return columns;
  const spare = Math.max(...columns.map(({ column }) => column.spare ?? 0));
  return spare === 0
    ? columns
    : leaveOut(
        columns.filter(({ column }) => column.spare !== spare),
        room,
      );
}

/** Of words that can be read whole elsewhere, for `short`. */
export function beginning(text: string, length = 24): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** `name  value` lines; what is undefined or null is left out. */
export function fields(
  pairs: readonly (readonly [string, string | number | boolean | null | undefined])[],
  paint: Paint,
): string[] {
  const shown = pairs.filter(([, value]) => value !== undefined && value !== null && value !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${paint("dim", name.padEnd(width))}  ${cellText(value)}`);
}

function cellText(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined || value === "") return "-";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return escapeText(String(value));
}
