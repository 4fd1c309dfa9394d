import type { BudgetAmounts } from "@tidewaiter/core";
import { BACKEND } from "../../messages.ts";
import { budgetFatal, budgetSpent } from "../budgets/budget-texts.ts";
import type { Bill, BudgetAnswer } from "../budgets/budgets.ts";
import { askForLease, spend, unpaidRows } from "../budgets/budgets.ts";
import type { PostgresMessage } from "../context.ts";
import type { Machine } from "../machine.ts";
import type { Judged } from "../state.ts";
import { meetCanary } from "./canaries.ts";
import { captureRows, captureSkipped } from "./capture-rows.ts";
import { cut } from "./cut.ts";
import { addCells } from "./row-watch.ts";

/** Whole messages, back to back, as the client gets them. */
interface Parcel {
  readonly type: number;
  readonly bytes: Buffer;
  readonly rows: number;
}

/**
 * Rows go to the client when every budget has paid for them: what was masked, as it is after masking. `changed` is what
 * masking made of the message; undefined = it passes as it came.
 */
export function deliver(machine: Machine, judged: Judged, message: PostgresMessage, changed: Buffer | undefined): void {
  if (meetCanary(machine, judged, message)) return;
  const bytes = changed ?? message.buffer.subarray(message.start, message.end);
  const parcel = { type: message.type, bytes, rows: message.kind === "run" ? message.count : 1 };
  if (judged.verdict.budgets.length === 0) send(machine, judged, parcel);
  else payAndSend(machine, judged, parcel);
}

function send(machine: Machine, judged: Judged, { type, bytes, rows }: Parcel): void {
  judged.rows += rows;
  judged.bytes += bytes.length;
  if (judged.captured !== undefined) captureRows(machine, judged, bytes, type === BACKEND.CopyData);
  machine.toClient(bytes);
}

/** A long message is paid for as a whole before it begins, since it cannot be stopped within. */
export function payForPieces(machine: Machine, judged: Judged, totalLength: number, go: () => void): void {
  if (judged.verdict.budgets.length === 0) return go();
  const cost = { rows: 1, bytes: totalLength, ...Object.fromEntries(judged.watch?.counters ?? []) };
  const short = unpaidRows(machine, judged, cost);
  if (short === undefined) {
    spend(machine, judged, cost);
    return go();
  }
  waitFor(machine, judged, short, () => payForPieces(machine, judged, totalLength, go));
}

/** Counts the pieces of a long message that was paid for. What masks made longer is paid for at its end. */
export function countPieces(
  machine: Machine,
  judged: Judged,
  totalLength: number,
): (piece: PostgresMessage, bytes: number) => void {
  let sent = 0;
  return (piece, bytes) => {
    sent += bytes;
    judged.bytes += bytes;
    if (judged.captured !== undefined) captureSkipped(machine, judged);
    if (piece.kind === "fragment" && !piece.last) return;
    judged.rows++;
    if (judged.verdict.budgets.length > 0) spend(machine, judged, { bytes: Math.max(0, sent - totalLength) });
  };
}

/** As many rows as are paid for; the others wait for the next lease. */
function payAndSend(machine: Machine, judged: Judged, parcel: Parcel): void {
  const cost = costOf(judged, parcel);
  const short = unpaidRows(machine, judged, cost);
  if (short === undefined) {
    spend(machine, judged, cost);
    return send(machine, judged, parcel);
  }
  const rest = sendAffordable(machine, judged, parcel);
  if (rest === undefined) return;
  const bill = unpaidRows(machine, judged, costOf(judged, firstRow(rest))) ?? short;
  waitFor(machine, judged, bill, () => payAndSend(machine, judged, rest));
}

/** Sends the longest beginning that is paid for; undefined: that was all. */
function sendAffordable(machine: Machine, judged: Judged, parcel: Parcel): Parcel | undefined {
  let cost: BudgetAmounts = {};
  let end = 0;
  let rows = 0;
  while (end < parcel.bytes.length) {
    const row = firstRow({ ...parcel, bytes: parcel.bytes.subarray(end) });
    const next = sum(cost, costOf(judged, row));
    if (unpaidRows(machine, judged, next) !== undefined) break;
    cost = next;
    end += row.bytes.length;
    rows++;
  }
  if (rows > 0) {
    spend(machine, judged, cost);
    send(machine, judged, { ...parcel, bytes: parcel.bytes.subarray(0, end), rows });
  }
  if (end === parcel.bytes.length) return undefined;
  return { ...parcel, bytes: parcel.bytes.subarray(end), rows: parcel.rows - rows };
}

function firstRow(parcel: Parcel): Parcel {
  return { ...parcel, bytes: parcel.bytes.subarray(0, 1 + parcel.bytes.readInt32BE(1)), rows: 1 };
}

function sum(a: BudgetAmounts, b: BudgetAmounts): BudgetAmounts {
  const total: Record<string, number> = { ...a };
  for (const [counter, amount] of Object.entries(b)) total[counter] = (total[counter] ?? 0) + amount;
  return total;
}

function costOf(judged: Judged, { type, bytes, rows }: Parcel): BudgetAmounts {
  const cost: Record<string, number> = { rows, bytes: bytes.length };
  const { watch } = judged;
  if (watch === undefined || watch.counters.size === 0) return cost;
  // what stands in a line of COPY is not read for this: a NULL counts there, too
  if (type === BACKEND.CopyData) for (const [counter, columns] of watch.counters) cost[counter] = rows * columns;
  else for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) addCells(watch, bytes, at, cost);
  return cost;
}

function waitFor(machine: Machine, judged: Judged, bill: Bill, granted: () => void): void {
  const go = (answer: BudgetAnswer): void => {
    if (answer.granted) granted();
    else exceeded(machine, judged, bill, answer);
  };
  machine.targetWaiting = { for: "budget", askId: askForLease(machine, bill), go };
}

/** Without a lease the result is cut at this message boundary (decision 5). */
function exceeded(
  machine: Machine,
  judged: Judged,
  bill: Bill,
  answer: Extract<BudgetAnswer, { granted: false }>,
): void {
  const begun = true;
  if (bill.budget.onExceed === "end" && answer.unavailable !== true) {
    machine.finish(judged, "refused", "53400");
    machine.emit({ type: "cancel_target" });
    return machine.end(budgetFatal(machine, bill, answer, begun));
  }
  cut(machine, budgetSpent(machine, bill, answer, begun));
  if (machine.cutting !== undefined) machine.cutting.dropped = true;
}
