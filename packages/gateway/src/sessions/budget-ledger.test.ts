import type { BudgetLimit, ControlPlane } from "@tidewaiter/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memoryBudgets } from "../../test/memory-budgets.ts";
import { type BudgetAnswer, BudgetLedger } from "./budget-ledger.ts";

const LIMIT = 200;
const budget: BudgetLimit = {
  ruleId: "few",
  account: "own",
  per: "principal",
  windowSeconds: 3600,
  limits: { rows: LIMIT, "distinct:*": 5 },
  onExceed: "deny",
};
const asker = (sessionId: string) => ({ sessionId, principalId: "prn_1", ownerId: undefined, resourceId: "res_1" });
const ask = (least: number, most = least) => ({
  type: "budget" as const,
  budget,
  want: { rows: { least, most } },
  values: {},
});
const draw = (ledger: BudgetLedger, sessionId: string, wanted: Parameters<BudgetLedger["draw"]>[1]) =>
  new Promise<BudgetAnswer>((resolve) => ledger.draw(asker(sessionId), wanted, resolve));
const amount = (answer: BudgetAnswer) => (answer.granted ? (answer.amounts.rows ?? 0) : 0);

describe("the budget ledger", () => {
  it("two gateways and ten sessions never have more than the limit, in any order, and nothing is lost", async () => {
    const step = fc.record({
      session: fc.integer({ min: 0, max: 9 }),
      least: fc.integer({ min: 1, max: 12 }),
      more: fc.integer({ min: 0, max: 30 }),
      used: fc.double({ min: 0, max: 1, noNaN: true }),
      forgotten: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.array(step, { minLength: 10, maxLength: 60 }), async (scheduler, steps) => {
        const central = memoryBudgets();
        const controlPlane: Pick<ControlPlane, "reserveBudget" | "returnBudget"> = {
          reserveBudget: scheduler.scheduleFunction((request) => central.reserveBudget(request)),
          returnBudget: scheduler.scheduleFunction((returns) => central.returnBudget(returns)),
        };
        const ledgers = [new BudgetLedger(controlPlane), new BudgetLedger(controlPlane)] as const;
        let held = 0;
        let spent = 0;
        let lost = 0;
        const sessions = Array.from({ length: 10 }, (_, id) => async () => {
          const ledger = ledgers[id % 2 === 0 ? 0 : 1];
          const name = `ses_${id}`;
          for (const { least, more, used, forgotten } of steps.filter(({ session }) => session === id)) {
            const mine = amount(await draw(ledger, name, ask(least, least + more)));
            held += mine;
            expect(held + spent).toBeLessThanOrEqual(LIMIT);
            await scheduler.schedule(Promise.resolve());
            held -= mine;
            spent += forgotten ? mine : Math.round(mine * used);
            if (forgotten) ledger.forget(name);
            else ledger.giveBack(name, "few/own", { rows: mine - Math.round(mine * used) });
          }
        });
        const done = Promise.all(sessions.map((session) => session()));
        await scheduler.waitFor(done);
        await scheduler.waitFor(Promise.all(ledgers.map((ledger) => ledger.close())));
        lost = central.spent("few", "rows") - spent;
        expect(lost).toBe(0);
      }),
      { numRuns: 100 },
    );
  });

  it("asks the control plane for a part at a time, and answers at once while that lasts", async () => {
    let questions = 0;
    const central = memoryBudgets();
    const ledger = new BudgetLedger({
      ...central,
      reserveBudget: (request) => {
        questions++;
        return central.reserveBudget(request);
      },
    });
    for (let index = 0; index < 10; index++) {
      await draw(ledger, "ses_1", ask(1, 4));
      ledger.giveBack("ses_1", "few/own", { rows: 3 });
    }
    expect(questions).toBe(1);
    await ledger.close();
    expect(central.spent("few", "rows")).toBeLessThanOrEqual(40);
  });

  it("asks for a value once, and knows nothing when nobody can be asked", async () => {
    let lost = false;
    const central = memoryBudgets();
    const ledger = new BudgetLedger({
      ...central,
      reserveBudget: async (request) => {
        if (lost) throw new Error("out of reach");
        return central.reserveBudget(request);
      },
    });
    const values = (...tokens: string[]) => ({
      type: "budget" as const,
      budget,
      want: {},
      values: { "distinct:*": tokens },
    });
    expect(await draw(ledger, "ses_1", values("a", "b"))).toMatchObject({ granted: true });
    lost = true;
    expect(await draw(ledger, "ses_2", values("b"))).toMatchObject({ granted: true });
    expect(await draw(ledger, "ses_2", values("c"))).toEqual({ type: "budget", granted: false, unavailable: true });
    expect(await draw(ledger, "ses_2", ask(1))).toEqual({ type: "budget", granted: false, unavailable: true });
    await ledger.close();
  });

  it("lets a lease that has run out go, and gives idle ones back", async () => {
    let now = 0;
    const central = memoryBudgets();
    const ledger = new BudgetLedger(central, () => now);
    const first = await draw(ledger, "ses_1", ask(10));
    expect(first).toMatchObject({ granted: true, expiresAt: 30_000 });
    ledger.giveBack("ses_1", "few/own", { rows: 4 });
    now = 30_000;
    expect(await draw(ledger, "ses_1", ask(1))).toMatchObject({ granted: true, expiresAt: 60_000 });
    now = 31_000;
    await ledger.tidy();
    expect(central.spent("few", "rows")).toBeGreaterThan(7);
    now = 33_000;
    await ledger.tidy();
    expect(central.spent("few", "rows")).toBe(7);
    await ledger.close();
  });
});
