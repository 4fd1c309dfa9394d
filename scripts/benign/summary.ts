import { countsOf, totalsOf } from "./report.ts";
import type { ToolResult } from "./run-captures.ts";

const INTRODUCTION = `# What real tools send, through the gateway

Statements of real tools, captured once from the wire (\`scripts/benign/capture\`) and replayed as they were sent, protocol and parameters
included: straight to PostgreSQL, and through the gateway under the whole example policy (\`deploy/examples/policies\`). Two servers
are asked directly, with other values in every labelled column: a cell that is the same on both depends on none of them, so it must come
through unchanged. Written by \`node scripts/benign/main.ts --write\`.

- *wrongly refused*: refused or held although the policy lets it pass; *different*: another error, tag, number of rows or columns.
- *rightly refused*: the policy means it; each is marked with its rule in \`scripts/benign/statements\`.
- *over-masked*: cells without a label that came in another form. *volatile*: cells that differ between any two servers (instants, process ids).
- People work as \`ana\`, migration tools as \`dba\` (group \`migrators\`, admin level) and tools that copy whole tables, such as pg_dump, as \`owner\`
  (group \`pii-readers\`). Tables that the tools make for themselves are listed in \`scripts/benign/classified.yaml\`.
`;

/** The committed summary. */
export function summaryText(results: readonly ToolResult[], server: string): string {
  const rows = results.map((result) => {
    const { tool, version, principal } = result.capture;
    const c = countsOf(result);
    const cells = [tool, version, principal, c.statements, c.refused, c.different, c.expected, c.cells, c.overMasked];
    return `| ${[...cells, c.labelled, c.volatile].join(" | ")} |`;
  });
  const spoiled = results.flatMap(({ capture, judged }) =>
    judged.flatMap(({ result }) => result.examples.map((example) => `- ${capture.tool}: ${example}`)),
  );
  return `${INTRODUCTION}
PostgreSQL ${server}: ${totalsOf(results).line}.

| tool | version | as | statements | wrongly refused | different | rightly refused | cells | over-masked | labelled | volatile |
| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |
${rows.join("\n")}
${spoiled.length > 0 ? `\nOver-masked:\n\n${[...new Set(spoiled)].join("\n")}\n` : ""}
Not captured here: pgAdmin, DBeaver, DataGrip, Metabase, Grafana and PostgREST (no server or desktop program of theirs runs in the tests); their
introspection goes over the same catalogs as that of pgjdbc, schemaspy and psql.
`;
}
