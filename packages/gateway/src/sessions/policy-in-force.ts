import type { CompiledPolicy, ControlPlane } from "@tidewaiter/core";
import { compilePolicy, emptyPolicy } from "@tidewaiter/core";

/** The compiled policy that sessions are judged by. A bundle that does not compile keeps the last good one. */
export class PolicyInForce {
  readonly #controlPlane: Pick<ControlPlane, "getPolicy" | "appendAudit">;
  #policy: CompiledPolicy = emptyPolicy();
  #loaded = false;

  constructor(controlPlane: Pick<ControlPlane, "getPolicy" | "appendAudit">) {
    this.#controlPlane = controlPlane;
  }

  get current(): CompiledPolicy {
    return this.#policy;
  }

  /** Loads once before the first session: without a policy nobody may pass. */
  async ready(): Promise<void> {
    if (!this.#loaded) await this.refresh();
  }

  async refresh(): Promise<void> {
    const bundle = await this.#controlPlane.getPolicy();
    if (this.#loaded && bundle.version === this.#policy.version) return;
    const compiled = compilePolicy(bundle.documents, bundle.version);
    if (compiled.ok) {
      this.#policy = compiled.policy;
      this.#loaded = true;
      return;
    }
    const problem = compiled.problems[0];
    await this.#controlPlane.appendAudit({
      type: "policy.not_loaded",
      data: {
        version: bundle.version,
        inForce: this.#policy.version,
        problem: problem === undefined ? "" : `${problem.document}:${problem.line}: ${problem.message}`,
      },
    });
    if (!this.#loaded) throw new Error("the policy in force does not compile, so no session can start");
  }
}
