import type { Client } from "../matrix.ts";
import { ofDebian, ofGo, ofMaven, ofPython, onMachine } from "../toolchains.ts";
import { HARDENED, OPENSSH } from "./site.ts";

const client = (name: string, install: Client["install"], more: Partial<Client> = {}): Client => ({
  name,
  server: OPENSSH,
  sample: false,
  install,
  ...more,
});

export const sshClients: readonly Client[] = [
  client(
    "curl-sftp",
    (cache) => ofDebian(cache, "curl-sftp", ["curl"], { file: "curl", say: "--version", version: /\blibssh2?\/\S+/ }),
    { sample: true },
  ),
  client("putty", (cache) =>
    ofDebian(cache, "putty", ["putty-tools"], { file: "plink", say: "-V", version: /plink: Release \S+/ }),
  ),
  client("dropbear", (cache) =>
    ofDebian(cache, "dropbear", ["dropbear-bin", "libtomcrypt1", "libtommath1"], {
      file: "dbclient",
      say: "-V",
      version: /Dropbear v\S+/,
    }),
  ),
  client("lftp", (cache) =>
    ofDebian(cache, "lftp", ["lftp"], { file: "lftp", say: "--version", version: /Version \S+/ }),
  ),
  client("rclone", (cache) =>
    ofDebian(cache, "rclone", ["rclone"], { file: "rclone", say: "version", version: /rclone v\S+/ }),
  ),
  client("paramiko", (cache) => ofPython(cache, "paramiko", "paramiko")),
  client("asyncssh", (cache) => ofPython(cache, "asyncssh", "asyncssh")),
  client("libssh2", (cache) => ofPython(cache, "libssh2", "ssh2-python")),
  client("ssh-audit", (cache) => ofPython(cache, "ssh-audit", "ssh-audit"), { server: HARDENED }),
  client("pkg-sftp", (cache) => ofGo(cache, "pkg-sftp", "github.com/pkg/sftp")),
  client("golang-ssh", (cache) => ofGo(cache, "golang-ssh", "golang.org/x/crypto"), { server: "golang" }),
  client("jsch", (cache) => ofMaven(cache, "jsch", "jsch")),
  client("sshfs", (cache) => onMachine(cache, "sshfs", "sshfs")),
  client("ansible", (cache) => ofPython(cache, "ansible", "ansible-core")),
];
