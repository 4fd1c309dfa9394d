#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 7)) {
  process.stderr.write(`tidewaiter-agent needs Node 24.7 or later; this is ${process.versions.node}\n`);
  process.exit(1);
}
// Chunks of bulk are memory outside V8's heap. By default every 64 MB of them start a full collection of a heap that they are
// no part of (measured: half of the CPU of a large result); with this they count as what they are.
setFlagsFromString("--external-memory-accounted-in-global-limit");
await import("../src/main.ts");
