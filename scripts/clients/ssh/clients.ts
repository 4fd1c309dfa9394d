import type { Client } from "../matrix.ts";
import { ofPython, onMachine } from "../toolchains.ts";

const server = "openssh";

export const sshClients: readonly Client[] = [
  { name: "sshfs", server, sample: false, install: (cache) => onMachine(cache, "sshfs", "sshfs") },
  { name: "ansible", server, sample: false, install: (cache) => ofPython(cache, "ansible", "ansible-core") },
];
