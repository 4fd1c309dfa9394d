import type { Client } from "../matrix.ts";
import { ofGo, ofPython, onMachine } from "../toolchains.ts";

const server = "openssh";

export const sshClients: readonly Client[] = [
  { name: "sshfs", server, sample: false, install: (cache) => onMachine(cache, "sshfs", "sshfs") },
  {
    name: "golang-ssh",
    server: "golang",
    sample: false,
    install: (cache) => ofGo(cache, "golang-ssh", "golang.org/x/crypto"),
  },
  { name: "ansible", server, sample: false, install: (cache) => ofPython(cache, "ansible", "ansible-core") },
];
