import type { FieldDescription } from "../../messages.ts";
import type { Machine } from "../machine.ts";
import type { CapturedRows, Judged } from "../state.ts";

/** What is recorded of one statement's result at most. */
const MAX_ROWS = 1_000;
const MAX_BYTES = 256 * 1024;
/** Type byte, int32 length. */
const HEADER = 5;

/** Results are recorded only where the policy says so, and only as the client receives them. */
export function startCapture(judged: Judged, fields: readonly FieldDescription[], formats: readonly number[]): void {
  if (!judged.verdict.recording.results) return;
  judged.captured = captured(
    fields.map((field) => field.name),
    formats,
    judged.captured,
  );
}

/** CopyData has no columns of its own: each message is recorded as one cell. */
export function startCopyCapture(judged: Judged, format: number): void {
  if (judged.verdict.recording.results) judged.captured = captured(["copy"], [format], judged.captured);
}

/** Caps count over all results of a string. */
function captured(
  columns: readonly string[],
  formats: readonly number[],
  before: CapturedRows | undefined,
): CapturedRows {
  return { columns, formats, rows: before?.rows ?? 0, bytes: before?.bytes ?? 0, truncated: false };
}

/** One event for a run of whole DataRow messages, or of CopyData messages, that go to the client. */
export function captureRows(machine: Machine, judged: Judged, bytes: Buffer, isCopy: boolean): void {
  const result = judged.captured;
  if (result === undefined || result.truncated) return;
  const cells: (readonly (string | null)[])[] = [];
  for (let at = 0; at < bytes.length && !result.truncated; ) {
    const next = at + 1 + bytes.readInt32BE(at + 1);
    if (result.rows === MAX_ROWS || result.bytes + (next - at) > MAX_BYTES) result.truncated = true;
    else {
      cells.push(isCopy ? [shown(bytes.subarray(at + HEADER, next), result.formats[0])] : row(bytes, at, result));
      result.rows++;
      result.bytes += next - at;
    }
    at = next;
  }
  const { columns, truncated } = result;
  machine.record({ at: machine.now, type: "rows", operation: judged.operation, columns, cells, truncated });
}

/** A value too long to be held whole passed in pieces. */
export function captureSkipped(machine: Machine, judged: Judged): void {
  const result = judged.captured;
  if (result === undefined || result.truncated) return;
  result.truncated = true;
  machine.record({
    at: machine.now,
    type: "rows",
    operation: judged.operation,
    columns: result.columns,
    cells: [],
    truncated: true,
  });
}

function row(bytes: Buffer, at: number, { formats }: CapturedRows): readonly (string | null)[] {
  const cells: (string | null)[] = [];
  let cell = at + HEADER + 2;
  for (let index = 0; index < bytes.readInt16BE(at + HEADER); index++) {
    const length = bytes.readInt32BE(cell);
    cell += 4;
    cells.push(length < 0 ? null : shown(bytes.subarray(cell, cell + length), formats[index]));
    cell += Math.max(0, length);
  }
  return cells;
}

/** Text as it is, binary as bytea hex. */
function shown(value: Buffer, format: number | undefined): string {
  return format === 1 ? `\\x${value.toString("hex")}` : value.toString("utf8");
}
