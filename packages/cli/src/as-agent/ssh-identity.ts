import { join } from "node:path";
import { writePrivateFile } from "../config/private-file.ts";
import { configText } from "../ssh/config-text.ts";
import { openSsh } from "../ssh/open-ssh.ts";
import type { ProtocolIdentity } from "./protocol-identity.ts";

/**
 * A key of the child's own and a certificate for each host that the delegation reaches: `ssh -F
 * "$TIDEWAITER_SSH_CONFIG" web-1.tw`, and git by itself.
 */
export const sshIdentity: ProtocolIdentity = {
  protocol: "ssh",
  async prepare({ context, directory, me, grants, ttlSeconds }) {
    if (grants.length === 0 || me.endpoints.ssh === undefined) return {};
    const hosts = grants.map(({ resource }) => resource).sort();
    const access = await openSsh(context, hosts, ttlSeconds);
    const file = join(directory, "ssh_config");
    await writePrivateFile(file, configText(access, hosts));
    return { TIDEWAITER_SSH_CONFIG: file, GIT_SSH_COMMAND: `ssh -F ${shellWord(file)}` };
  },
};

/** git gives the variable to a shell. */
function shellWord(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
