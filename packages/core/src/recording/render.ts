import { escapeLines, escapeText } from "./escape-text.ts";
import type {
  CanaryHit,
  OperationFinished,
  OperationJudged,
  ResultRows,
  ReviewEvent,
  SessionEvent,
  SessionStarted,
  TerminalOutput,
} from "./events.ts";
import { renderTable } from "./render-table.ts";

export interface RenderOptions {
  /** Milliseconds since the epoch of the session's start: times are shown as offsets from it. */
  readonly startedAt: number;
  readonly colour?: boolean;
  /** Show the sealed original instead of tokens; only for who opened the recording with a reason. */
  readonly revealSealed?: boolean;
  /** Rows of a recorded result that are shown. Default 10. */
  readonly maxRows?: number;
}

type Style = "dim" | "bold" | "red" | "green" | "yellow" | "cyan";
type Paint = (style: Style, text: string) => string;

const SGR: Record<Style, string> = { dim: "2", bold: "1", red: "31", green: "32", yellow: "33", cyan: "36" };
const MAX_SHOWN = 400;
const INDENT = " ".repeat(11);

/**
 * One recorded fact as lines for a terminal, without line breaks. All recorded text is escaped: only `colour` puts
 * control sequences into the output, and only colours.
 */
export function renderEvent(event: SessionEvent, options: RenderOptions): string[] {
  const paint: Paint = options.colour ? (style, text) => `\u001b[${SGR[style]}m${text}\u001b[0m` : (_, text) => text;
  const [first = "", ...rest] = describe(event, options, paint);
  return [`${paint("dim", offset(event.at - options.startedAt))} ${first}`, ...rest.map((line) => INDENT + line)];
}

function describe(event: SessionEvent, options: RenderOptions, paint: Paint): string[] {
  switch (event.type) {
    case "session_started":
      return started(event, paint);
    case "operation":
      return operation(event, options, paint);
    case "operation_finished":
      return finished(event, paint);
    case "review":
      return [review(event, paint)];
    case "rows":
      return rows(event, options);
    case "canary":
      return [canary(event, paint)];
    case "terminal":
      return [terminal(event, paint)];
    case "terminal_size":
      return [paint("dim", `#${event.operation} terminal ${event.columns}x${event.rows}`)];
    case "file": {
      const sum = event.sha256 === undefined ? "" : `, sha256 ${event.sha256}`;
      const how = paint("dim", `by ${escapeText(event.via)}, ${bytes(event.bytes)}${sum}`);
      return [`${paint("dim", `#${event.operation}`)} ${event.direction} ${escapeText(event.path)}  ${how}`];
    }
    case "forward": {
      const sent = `${bytes(event.bytesToTarget)} to the target, ${bytes(event.bytesToClient)} back`;
      return [
        `${paint("dim", `#${event.operation}`)} forward to ${escapeText(event.to)} closed  ${paint("dim", `${sent}, ${duration(event.durationMs)}`)}`,
      ];
    }
    case "notice":
      return [`${paint("yellow", "notice")} ${escapeText(event.code)}: ${escapeText(event.text)}`];
    case "gap":
      return [paint("red", `GAP: ${event.lost} events are not recorded here: ${escapeText(event.reason)}`)];
    case "session_ended": {
      const counts = `${plural(event.statements, "statement")}, ${event.refused} refused, ${event.held} held`;
      const sent = `${plural(event.rows, "row")}, ${bytes(event.bytesToClient)} to the client`;
      return [`${paint("bold", "session ended")}: ${escapeText(event.reason)}`, paint("dim", `${counts}; ${sent}`)];
    }
    default:
      return [paint("yellow", `an event of a later version: ${escapeText(JSON.stringify(event satisfies never))}`)];
  }
}

function started(event: SessionStarted, paint: Paint): string[] {
  const { principal } = event;
  const behalf = principal.onBehalfOf === undefined ? "" : ` on behalf of ${escapeText(principal.onBehalfOf)}`;
  const who = `${escapeText(principal.name)} (${escapeText(principal.kind)}${behalf})`;
  const application = event.application === undefined ? "" : ` with ${escapeText(event.application)}`;
  const details = Object.entries(event.detail).map(([name, value]) => `${escapeText(name)}=${escapeText(value)}`);
  return [
    `${paint("bold", "session")} ${escapeText(event.sessionId)}`,
    `${paint("cyan", who)} on ${paint("cyan", escapeText(event.resource))} as ${escapeText(event.level)}, ${escapeText(event.protocol)}`,
    paint(
      "dim",
      `from ${escapeText(event.client)}${application} through agent ${escapeText(event.agent)}, gateway ${escapeText(event.gateway)}`,
    ),
    paint("dim", [`policy ${event.policyVersion}`, `lineage ${escapeText(event.lineage)}`, ...details].join(", ")),
  ];
}

const OUTCOME: Readonly<Record<string, { word: string; style: Style }>> = {
  allow: { word: "allowed", style: "green" },
  review: { word: "held for review", style: "yellow" },
  deny: { word: "refused", style: "red" },
};

function operation(event: OperationJudged, options: RenderOptions, paint: Paint): string[] {
  const sealed = options.revealSealed ? event.sealed : undefined;
  const text = sealed?.text ?? event.text;
  const parameters = sealed === undefined ? event.parameters : sealed.parameters;
  const { word, style } = OUTCOME[event.outcome] ?? { word: escapeText(event.outcome), style: "yellow" };
  const rule = event.ruleId === undefined ? "" : ` [${escapeText(event.ruleId)}]`;
  const reason = event.reason === undefined ? "" : `: ${escapeText(event.reason)}`;
  const labels = event.labels.length === 0 ? "" : paint("dim", `  labels ${event.labels.map(escapeText).join(", ")}`);
  const lines = escapeLines(text);
  const number = paint("dim", `#${event.operation}`);
  return [
    `${number} ${paint("bold", lines[0] ?? "")}`,
    ...lines.slice(1).map((line) => paint("bold", line)),
    ...(parameters === undefined || parameters.length === 0
      ? []
      : [`parameters ${parameters.map(parameter).join(", ")}`]),
    `${paint(style, `${word}${rule}`)}${reason}${labels}`,
    ...(event.observed?.length ? [paint("dim", `observed only: ${event.observed.map(escapeText).join(", ")}`)] : []),
  ];
}

function parameter(value: string | null, index: number): string {
  return `$${index + 1} = ${value === null ? "NULL" : `"${escapeText(value)}"`}`;
}

function finished(event: OperationFinished, paint: Paint): string[] {
  const style: Style = event.result === "completed" ? "green" : event.result === "error" ? "yellow" : "red";
  const size = `${plural(event.rows, "row")}, ${bytes(event.bytes)}, ${duration(event.durationMs)}`;
  const number = paint("dim", `#${event.operation}`);
  const masked = event.masked?.map(
    ({ column, labels, transform }) => `${escapeText(column)} (${[...labels, transform].map(escapeText).join(", ")})`,
  );
  return [
    `${number} ${paint(style, escapeText(event.result))} ${escapeText(event.tag)}  ${paint("dim", size)}`,
    ...(masked?.length ? [`${paint("yellow", "masked")} ${masked.join(", ")}`] : []),
  ];
}

function review(event: ReviewEvent, paint: Paint): string {
  const good = event.state === "approved" || event.state === "opened";
  const by = event.by?.length ? ` by ${event.by.map(escapeText).join(", ")}` : "";
  const comment = event.comment ? `: "${escapeText(event.comment)}"` : "";
  const state = paint(good ? "yellow" : "red", `review ${escapeText(event.shortId)} ${escapeText(event.state)}`);
  return `${paint("dim", `#${event.operation}`)} ${state}${by}${comment}`;
}

/** One chunk on one line: the terminal player shows it as it looked. */
function terminal(event: TerminalOutput, paint: Paint): string {
  const mark = event.stream === "input" ? ">" : event.stream === "error" ? "!" : "<";
  const text = event.text.length > MAX_SHOWN ? `${event.text.slice(0, MAX_SHOWN)}...` : event.text;
  return `${paint("dim", `#${event.operation} ${mark}`)} ${escapeText(text)}`;
}

function canary(event: CanaryHit, paint: Paint): string {
  const where = `${escapeText(event.column)} (${escapeText(event.label)})`;
  const then = event.onHit === "end" ? "the session was ended before the row was shown" : "the row was shown";
  return `${paint("dim", `#${event.operation}`)} ${paint("red", `canary ${escapeText(event.canary)}`)} in ${where}: ${then}`;
}

function rows(event: ResultRows, options: RenderOptions): string[] {
  const maxRows = options.maxRows ?? 10;
  const hidden = Math.max(0, event.cells.length - maxRows);
  const more = [
    ...(hidden > 0 ? [`${plural(hidden, "more row")} recorded`] : []),
    ...(event.truncated ? ["the rest was not recorded"] : []),
  ];
  const table = renderTable(event.columns, event.cells, maxRows);
  return more.length === 0 ? table : [...table, `(${more.join("; ")})`];
}

/** `+mm:ss.mmm`, or `+h:mm:ss` from an hour on: always 10 wide. */
function offset(ms: number): string {
  const total = Math.max(0, Math.round(ms));
  const two = (value: number) => String(value).padStart(2, "0");
  const seconds = Math.floor(total / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  if (hours > 0) return `+${hours}:${two(minutes)}:${two(seconds % 60)}`.padStart(10);
  return `+${two(minutes)}:${two(seconds % 60)}.${String(total % 1000).padStart(3, "0")}`;
}

function duration(ms: number): string {
  if (ms < 1000) return `${ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms)} ms`;
  return `${(ms / 1000).toFixed(ms < 60_000 ? 1 : 0)} s`;
}

function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  return count < 1024 * 1024 ? `${(count / 1024).toFixed(1)} kB` : `${(count / 1024 / 1024).toFixed(1)} MB`;
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}
