import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** How suites run the tests of every package. */
export default defineConfig({
  test: {
    passWithNoTests: true,
    // By itself vitest leaves one core of two alone; tests wait for servers more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Files of a worker share what they import: loading it anew for each took a quarter of the time.
    isolate: false,
    setupFiles: [fileURLToPath(new URL("./fixed-seed.ts", import.meta.url))],
    // Milliseconds that suit real servers on a small, busy machine.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
