import { sshdMissing } from "@tidewaiter/testkit";
import type { Matrix } from "../matrix.ts";
import { sshClients } from "./clients.ts";
import { HIDDEN, MASKED, startSshSite } from "./site.ts";

const ABOUT = `# Clients of SSH

Each client plays its scenarios three times: at OpenSSH's own server, through the gateway without a policy, and through the gateway
with mail addresses masked and a program refused. It must see exactly what it sees directly, but for what is masked and refused.

Libraries (paramiko, asyncssh, libssh2 through ssh2-python, golang.org/x/crypto/ssh with pkg/sftp, JSch) and PuTTY's and Dropbear's
programs run commands with input, both outputs and exit status, several at once, and log in by key and with a connection secret
as password; the libraries open terminals and, where they can, send signals. All of them, and curl (sftp:// and scp://), lftp and
rclone, move 32 MiB both ways and compare SHA-256; where they can they list, rename, and move many files at once. ssh-audit must
find no failure, as at a server that offers only what it likes. Ansible plays modules, files both ways and a playbook, with
pipelining and without; sshfs a mounted folder. golang-ssh is golang.org/x/crypto/ssh with keys exchanged by
mlkem768x25519-sha256 alone, also in the middle of a transfer, at a server of its own library that takes no other exchange either.

OpenSSH's ssh, sftp and scp, rsync, git and PuTTY's plink have tests of their own (\`packages/gateway/test/ssh\`) that run every
day, and so has curl, from this table. Written by \`node scripts/clients/main.ts ssh --write\` and by every long run of the suite
\`ssh-clients\`; what each scenario does is in \`scripts/clients\`.
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
