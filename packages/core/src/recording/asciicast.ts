import type { SessionEvent } from "./events.ts";

/**
 * A terminal of a recording as asciicast v2 (docs.asciinema.org/manual/asciicast/v2), one line of JSON an element: the
 * header, then `[seconds, "o" | "i" | "r", data]`. Undefined: the operation has no terminal.
 * @param operation of the terminal; undefined = the first one
 */
export function asciicast(events: readonly SessionEvent[], operation?: number): readonly string[] | undefined {
  const first = events.find(
    (event) => event.type === "terminal_size" && (operation === undefined || event.operation === operation),
  );
  if (first?.type !== "terminal_size") return undefined;
  const header = {
    version: 2,
    width: first.columns || 80,
    height: first.rows || 24,
    timestamp: Math.floor(first.at / 1000),
    env: { TERM: "xterm-256color" },
  };
  const lines = [JSON.stringify(header)];
  for (const event of events) {
    if ((event.type !== "terminal" && event.type !== "terminal_size") || event.operation !== first.operation) continue;
    if (event === first) continue;
    const at = (event.at - first.at) / 1000;
    if (event.type === "terminal_size") lines.push(JSON.stringify([at, "r", `${event.columns}x${event.rows}`]));
    else lines.push(JSON.stringify([at, event.stream === "input" ? "i" : "o", event.text]));
  }
  return lines;
}
