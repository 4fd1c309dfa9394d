import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import type { ColumnMask } from "../../mask/column-mask.ts";
import { NULL_MASK } from "../../mask/column-mask.ts";
import type { CopyMask } from "../../mask/mask-copy.ts";
import type { RowMask } from "../../mask/mask-rows.ts";
import { maskRows } from "../../mask/mask-rows.ts";
import type { MaskedStream } from "../../mask/stream-rows.ts";
import { RowStream } from "../../mask/stream-rows.ts";
import { BACKEND } from "../../messages.ts";
import type { PostgresMessage } from "../context.ts";
import { check, treesOf } from "../lineage/on-tree.ts";
import type { Machine } from "../machine.ts";
import type { Judged, Probe } from "../state.ts";
import { countPieces, deliver, payForPieces } from "./deliver-rows.ts";
import { planPortal } from "./results.ts";
import { continueRow, openRow } from "./row-fragments.ts";

/** DataRow and CopyData of the target: a run of them is one input. */
export function onRows(machine: Machine, message: PostgresMessage): void {
  if (machine.openRow !== undefined) return continueRow(machine, machine.openRow, message);
  if (machine.cutting !== undefined) {
    machine.cutting.dropped = true;
    return;
  }
  const owed = machine.owed[0];
  if (owed?.type === "execute" && owed.judged !== undefined && owed.judged.rows === 0) check(machine, owed);
  if (machine.cutting !== undefined) return;
  if (owed?.type !== "query" && owed?.type !== "execute")
    throw new ProtocolError("unexpected_message", "rows that nobody asked for");
  if (owed.ours) return takeRows(owed.probe, message);
  // a refused statement, an empty string, a name that nobody defined: none has rows
  if (owed.judged === undefined || owed.refusal !== undefined)
    throw new ProtocolError("unexpected_message", "rows of something that has none");
  if (message.type === BACKEND.CopyData && !copiesOut(owed.judged))
    throw new ProtocolError("unexpected_message", "copied rows that nobody asked for");
  if (message.type === BACKEND.CopyData) return deliverCopied(machine, owed.judged, message, owed.copy);
  const { judged } = owed;
  // whatever was not described is not known
  const undescribed = machine.context.catalog().hasLabels ? "everything" : undefined;
  if (owed.type === "query")
    return deliverRows(machine, judged, message, machine.described ? machine.rowMask : undescribed);
  if (owed.portal === undefined || !Array.isArray(owed.portal.fields))
    return deliverRows(machine, judged, message, undescribed);
  return planPortal(machine, owed.portal, treesOf(owed), (mask) => deliverRows(machine, judged, message, mask));
}

function deliverRows(
  machine: Machine,
  judged: Judged,
  message: PostgresMessage,
  mask: RowMask | "everything" | undefined,
): void {
  if (message.kind === "fragment")
    return deliverPieces(machine, judged, message, mask && new RowStream(message.type, mask, message.totalLength));
  return deliver(machine, judged, message, masked(message, mask === "everything" ? everything(message) : mask));
}

function deliverCopied(machine: Machine, judged: Judged, message: PostgresMessage, copy: CopyMask | undefined): void {
  if (message.kind === "fragment") return deliverPieces(machine, judged, message, copy?.stream(message.totalLength));
  return deliver(machine, judged, message, copy?.apply(message.buffer, message.start, message.end));
}

/** The first of them. */
function deliverPieces(
  machine: Machine,
  judged: Judged,
  message: PostgresMessage,
  stream: MaskedStream | undefined,
): void {
  if (message.kind !== "fragment") return;
  const { totalLength } = message;
  payForPieces(machine, judged, totalLength, () =>
    openRow(machine, message, { judged, stream, account: countPieces(machine, judged, totalLength) }),
  );
}

/** What a COPY sends was planned for, or found harmless, before it was forwarded. */
function copiesOut(judged: Judged): boolean {
  return (
    judged.unread !== undefined ||
    judged.facts.some(({ copy }) => copy?.direction === "to" && copy.endpoint === "stdout")
  );
}

/** The first column of each row: all that a question of ours needs. */
function takeRows(probe: Probe | undefined, { kind, buffer, start, end }: PostgresMessage): void {
  // nothing that we ask for is so long
  if (kind === "fragment") return;
  for (let at = start; at < end; at += 1 + buffer.readInt32BE(at + 1)) {
    const length = buffer.readInt32BE(at + 7);
    if (length > 0) probe?.rows.push(buffer.toString("utf8", at + 11, at + 11 + length));
  }
}

function masked({ kind, buffer, start, end, ...rest }: PostgresMessage, mask: RowMask | undefined): Buffer | undefined {
  if (mask === undefined) return undefined;
  return maskRows(mask, buffer, start, end, kind === "run" && "count" in rest ? rest.count : 1);
}

/** Rows that nobody described: NULL is valid for every type. */
function everything({ buffer, start }: PostgresMessage): RowMask {
  return new Array<ColumnMask>(Math.max(0, buffer.readInt16BE(start + 5))).fill(NULL_MASK);
}
