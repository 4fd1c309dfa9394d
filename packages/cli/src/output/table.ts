import { escapeText } from "@tidewaiter/core/recording/escape-text";
import type { Paint } from "./colour.ts";

export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string | number | boolean | null | undefined;
  readonly align?: "left" | "right";
}

/** Rows under titles, or `empty` when there are none. Every cell is escaped; nothing is cut, so that ids can be copied. */
export function table<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  paint: Paint,
  empty: string,
): string[] {
  if (rows.length === 0) return [empty];
  const cells = rows.map((row) => columns.map(({ value }) => cellText(value(row))));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const layOut = (line: readonly string[]) =>
    line
      .map((text, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.align === "right" ? text.padStart(width) : text.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return [paint("dim", layOut(columns.map(({ title }) => title))), ...cells.map(layOut)];
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
