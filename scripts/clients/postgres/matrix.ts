import type { PostgresVersion } from "@tidewaiter/testkit";
import type { Matrix } from "../matrix.ts";
import { postgresClients } from "./clients.ts";
import { policySpeaks } from "./policy-speaks.ts";
import { HIDDEN, MASKED, startPostgresSite } from "./site.ts";

const ABOUT = `# Clients

Each client plays its scenarios (connect, statements simple and prepared, parameters of many types in text and binary, transactions,
savepoints, errors, pipelines and batches, cursors, COPY, LISTEN, cancel, notices, big results and parameters, catalogs) three times:
at the server itself, through the gateway without a policy, and through the gateway with two columns labelled. Without a policy it
must see exactly what it sees directly; with labels that, but for the labelled values. Written by
\`node scripts/clients/main.ts --write\`; how clients are installed, and what each scenario does, is in \`scripts/clients\`.
`;

export const postgresMatrix: Matrix = {
  page: "packages/docs/clients.md",
  about: ABOUT,
  clients: postgresClients,
  expected: {
    same: (text) => text,
    labelled: (text) => HIDDEN.reduce((all, hidden) => all.replaceAll(hidden, MASKED), text),
    hiding: { same: [], labelled: ["labelled"] },
    policySpeaks,
  },
  never: { same: [], labelled: HIDDEN },
  startSite: (server) => startPostgresSite(server as PostgresVersion),
  missing: () => undefined,
};
