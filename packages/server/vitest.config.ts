import { defineConfig } from "vitest/config";

// every file starts the whole product: two at a time are enough for two cores
export default defineConfig({ test: { testTimeout: 40_000, hookTimeout: 40_000, maxWorkers: 2 } });
