import { ProtocolError } from "@tidewaiter/toolkit/bytes/protocol-error";
import { formatAt } from "../../decode-frontend.ts";
import { encodeBackend } from "../../encode-backend.ts";
import { SQLSTATE } from "../../errors.ts";
import type { Framed } from "../../framer.ts";
import type { Lineage } from "../../lineage/lineage.ts";
import type { RowMask } from "../../mask/mask-rows.ts";
import type { FieldDescription } from "../../messages.ts";
import { decoded } from "../decoded.ts";
import { check, treesOf } from "../lineage/on-tree.ts";
import type { Machine } from "../machine.ts";
import type { Judged, Portal } from "../state.ts";
import { ownColumnName } from "../statements/renamed.ts";
import { lineageLost } from "../texts.ts";
import { isStale } from "../verdict/judge.ts";
import { startCapture } from "./capture-rows.ts";
import { noteRedacted, tellOfMasks } from "./content-layer.ts";
import { reply } from "./replies.ts";
import { planResult } from "./result-plan.ts";

/** How the rows of a result are masked is planned before the first of them. */
export function onRowDescription(machine: Machine, asCame: Framed): void {
  const message = machine.notices === undefined ? asCame : withOwnNames(asCame);
  const owed = machine.owed[0];
  if (owed?.type === "describe") {
    if (owed.ours) {
      const { fields } = decoded(message, "RowDescription");
      if (owed.portal !== undefined) owed.portal.fields = fields;
      if (owed.probe !== undefined) owed.probe.fields = fields;
    }
    return reply(machine, message, true);
  }
  if (owed?.type === "query" && owed.ours) return;
  if (owed?.type !== "query" || owed.judged === undefined || owed.refusal !== undefined)
    throw new ProtocolError("unexpected_message", "a result that nobody asked for is described");
  const { judged } = owed;
  machine.described = true;
  check(machine, owed);
  if (machine.cutting !== undefined) return;
  if (!machine.context.catalog().hasLabels && !judged.verdict.recording.results)
    return machine.forward("client", message);
  const { fields } = decoded(message, "RowDescription");
  startCapture(judged, fields, []);
  planned(
    machine,
    {
      judged,
      facts: judged.results[owed.result],
      fields,
      formats: [],
      trees: treesOf(owed),
      since: judged.since[owed.result],
    },
    (mask) => {
      machine.rowMask = mask;
      machine.forward("client", message);
    },
  );
}

interface ToPlan {
  readonly judged: Judged;
  readonly facts: Judged["results"][number] | undefined;
  readonly fields: readonly FieldDescription[];
  readonly formats: readonly number[];
  readonly trees: readonly Lineage[];
  readonly since: number | undefined;
}

/** Plans a result; a relation that the catalog does not know makes it load once more, and rows wait meanwhile. */
function planned(machine: Machine, input: ToPlan, go: (mask: RowMask | undefined) => void): void {
  const { judged } = input;
  const plan = () =>
    planResult({
      ...input,
      stale: isStale(machine, input.since),
      trees: machine.notices === undefined && input.trees.length === 0 ? undefined : input.trees,
      formatOf: (index) => formatAt(input.formats, index),
      catalog: machine.context.catalog(),
      tokenKey: machine.context.tokenKey,
      utf8: machine.reading.utf8,
      labelDetectors: machine.context.labelDetectors(),
      canaries: machine.context.canaries(),
      redacted: (info) => noteRedacted(machine, judged, info),
    });
  const finish = (made: ReturnType<typeof plan>): void => {
    if (made.lineageMissing && noteMissing(machine, judged) === "ended") return;
    judged.masked = [...judged.masked, ...made.masked];
    judged.watch = made.watch;
    tellOfMasks(machine, made.masked);
    go(made.mask);
  };
  const made = plan();
  if (!made.unknownRelation) return finish(made);
  const askId = machine.nextAsk();
  machine.targetWaiting = { for: "catalog", askId, go: () => finish(plan()) };
  machine.emit({ type: "ask", askId, ask: { type: "catalog" } });
}

/** Rows of an Execute: planned at the first one, from what our own Describe said. */
export function planPortal(
  machine: Machine,
  portal: Portal,
  trees: readonly Lineage[],
  go: (mask: RowMask | undefined) => void,
): void {
  const { judged, fields, resultFormats: formats } = portal;
  if (portal.planned || !Array.isArray(fields) || judged === undefined) return go(portal.mask);
  portal.planned = true;
  startCapture(
    judged,
    fields,
    fields.map((_, index) => formatAt(formats, index)),
  );
  planned(machine, { judged, facts: judged.results[0], fields, formats, trees, since: judged.since[0] }, (mask) => {
    portal.mask = mask;
    go(mask);
  });
}

/** Fail-closed rule 1: every cell is masked, and the settings are set again when the server is idle; or the session ends. */
function noteMissing(machine: Machine, judged: Judged): "masked" | "ended" {
  const { context } = machine;
  if (machine.notices !== undefined) machine.notices.lost = true;
  const ends = context.lineage?.from === "server" && context.lineage.missing === "end";
  machine.record({
    at: machine.now,
    type: "notice",
    code: "lineage_missing",
    text: `the server sent no query tree for operation ${judged.operation}; ${ends ? "the session ends" : "every cell is masked"}`,
  });
  if (!ends) return "masked";
  machine.finish(judged, "refused", SQLSTATE.insufficientPrivilege);
  machine.end(lineageLost(context.resource.name));
  return "ended";
}

/** SHOW of a setting that stands behind a placeholder names its column after it. */
function withOwnNames(message: Framed): Framed {
  const { fields, ...rest } = decoded(message, "RowDescription");
  const [only] = fields;
  const own = fields.length === 1 && only !== undefined ? ownColumnName(only.name) : undefined;
  if (only === undefined || own === undefined) return message;
  const buffer = encodeBackend({ ...rest, fields: [{ ...only, name: own }] });
  return { ...message, buffer, start: 0, end: buffer.length };
}
