import { sshdMissing } from "@tidewaiter/testkit";
import type { Matrix } from "../matrix.ts";
import { sshClients } from "./clients.ts";
import { HIDDEN, MASKED, startSshSite } from "./site.ts";

const ABOUT = `# Clients of SSH

Each client plays its scenarios (Ansible: modules, files both ways and a playbook, with pipelining and without, on one connection; sshfs:
a mounted folder; golang.org/x/crypto/ssh: commands, a transfer and keys exchanged in the middle of it, by mlkem768x25519-sha256 alone)
three times: at OpenSSH's own server, or at a server of its own library that takes no other exchange either, through the gateway without a policy, and through the gateway with mail addresses
masked and a program refused. It must see exactly what it sees directly, but for what is masked and refused. OpenSSH's ssh, sftp and scp,
rsync, git, PuTTY's plink and paramiko have tests of their own (\`packages/gateway/test/ssh\`). Written by
\`node scripts/clients/main.ts ssh --write\`; what each scenario does is in \`scripts/clients\`.
`;
/** With the exit status, in the words of each client. */
const REFUSED = /126.*tidewaiter: not run on web-1: hosts are not asked for their number \[no-hostid\]/;

export const sshMatrix: Matrix = {
  page: "packages/docs/ssh-clients.md",
  about: ABOUT,
  clients: sshClients,
  expected: {
    same: (text) => text,
    labelled: (text) => text.replaceAll(HIDDEN, MASKED),
    hiding: { same: [], labelled: ["labelled"] },
    policySpeaks: (scenario, got, way) =>
      way === "labelled" && scenario.startsWith("a refused command") && REFUSED.test(got)
        ? "a refused command says so, with exit status 126"
        : undefined,
  },
  never: { same: [], labelled: [HIDDEN] },
  startSite: startSshSite,
  missing: sshdMissing,
};
