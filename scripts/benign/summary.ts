import { countsOf, type Totals } from "./report.ts";
import type { ToolResult } from "./run-captures.ts";

const INTRODUCTION = `# What real tools send, through the gateway

Statements of real tools, captured once from the wire (\`scripts/benign/capture\`) and replayed as they were sent, protocol and parameters
included: straight to PostgreSQL, and through the gateway under the whole example policy (\`deploy/examples/policies\`). Two servers
are asked directly, with other values in every labelled column: a cell that is the same on both depends on none of them, so it must come
through unchanged. Written by \`node scripts/benign/main.ts --write\`.

- *captured*: by running the tool. *documented*: the tool cannot be run here (a desktop program, or a server that no package registry has);
  what it asks was written down by us from its manual or public source: the same catalogs, columns, functions and order, not its own
  words (\`scripts/benign/documented\`). Calls of JDBC metadata, on which DBeaver, DataGrip and Metabase build, are captured as \`pgjdbc\`.
- *wrongly refused*: refused or held although the policy lets it pass; *different*: another error, tag, number of rows or columns.
- *rightly refused*: the policy means it; each is marked with its rule in \`scripts/benign/statements\`.
- *over-masked*: cells without a label that came in another form. *volatile*: cells that differ between any two servers (instants, process ids).
- People work as \`ana\`, migration tools as \`dba\` (group \`migrators\`, admin level) and tools that copy whole tables, such as pg_dump, as \`owner\`
  (group \`pii-readers\`). Tables that the tools make for themselves are listed in \`scripts/benign/classified.yaml\`.
`;

/** All captures on one release. */
export interface Round {
  readonly release: string;
  readonly results: readonly ToolResult[];
  readonly totals: Totals;
}

/** The committed summary: a line per release, and the table of the first one. */
export function summaryText(rounds: readonly Round[]): string {
  const [first] = rounds;
  const rows = (first?.results ?? []).map((result) => {
    const { tool, version, principal, obtained = "captured" } = result.capture;
    const c = countsOf(result);
    const cells = [tool, version, obtained, principal, c.statements, c.refused, c.different, c.expected, c.cells];
    return `| ${[...cells, c.overMasked, c.labelled, c.volatile].join(" | ")} |`;
  });
  const spoiled = (first?.results ?? []).flatMap(({ capture, judged }) =>
    judged.flatMap(({ result }) => result.examples.map((example) => `- ${capture.tool}: ${printable(example)}`)),
  );
  return `${INTRODUCTION}
${rounds.map(({ release, totals }) => `- PostgreSQL ${release}: ${totals.line}.`).join("\n")}

PostgreSQL ${first?.release ?? ""}, tool by tool:

| tool | version | obtained | as | statements | wrongly refused | different | rightly refused | cells | over-masked | labelled | volatile |
| --- | --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |
${rows.join("\n")}
${spoiled.length > 0 ? `\nCells that came in another form (counters and statements of other sessions among them, which move by themselves):\n\n${[...new Set(spoiled)].join("\n")}\n` : ""}`;
}

function printable(text: string): string {
  return text.replaceAll("\\u0000", "");
}
