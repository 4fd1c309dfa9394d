import { defineConfig } from "vitest/config";

// many files, each of which loads the whole control plane and waits for servers: two at a time are enough for two cores
export default defineConfig({ test: { testTimeout: 30_000, hookTimeout: 60_000, maxWorkers: 2 } });
