#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 7)) {
  process.stderr.write(
    `tidewaiter needs Node 24.7 or later; this is ${process.versions.node}. In a checkout use ./tw, which brings its own.\n`,
  );
  process.exit(1);
}
await import("../src/main.ts");
