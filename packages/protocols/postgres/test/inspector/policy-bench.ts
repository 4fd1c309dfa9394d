import type { BenchOptions } from "./bench.ts";
import { Bench, CATALOG } from "./bench.ts";

export const REVIEW = {
  by: ["group:owners"],
  count: 1,
  expiresInSeconds: 1800,
  mode: "hold",
  inTransaction: { action: "hold", maxSeconds: 120 },
} as const;

/** DELETE is denied, UPDATE asks a person. */
const verdict: NonNullable<BenchOptions["verdict"]> = (operation) => {
  if (operation.type !== "sql") return {};
  if (operation.facts.kinds.includes("DELETE")) return { outcome: "deny", ruleId: "no-delete", reason: "deletes" };
  if (operation.facts.kind === "UPDATE") return { outcome: "review", ruleId: "ask", reason: "writes", review: REVIEW };
  return {};
};

/** A bench with labels and that policy. */
export const bench = (options: BenchOptions = {}) => new Bench({ catalog: () => CATALOG, verdict, ...options });
