import type { BudgetRequest, ControlPlane } from "@tidewaiter/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createControlPlane, type RunningControlPlane } from "../src/create-control-plane.ts";
import type { Harness } from "./running.ts";
import { openSession, setTheScene } from "./scene.ts";

const HOUR = 3_600_000;

/** Budgets by the port of two processes on one store, and what people see of them; on either store. */
export function budgetsContract(name: string, start: () => Promise<Harness>): void {
  describe(`budgets: ${name}`, () => {
    let harness: Harness;
    let second: RunningControlPlane;
    let scene: Awaited<ReturnType<typeof setTheScene>>;
    let ports: readonly [ControlPlane, ControlPlane];
    let sessionId: string;
    let rule = 0;
    beforeAll(async () => {
      harness = await start();
      scene = await setTheScene(harness);
      second = await createControlPlane(harness.deps);
      ports = [harness.port, second.port];
      sessionId = (await openSession(harness, scene.anaId)).id;
    });
    afterAll(async () => {
      await second.close();
      await harness[Symbol.asyncDispose]();
    });

    /** A rule of its own for each test. */
    const fresh = (
      limits: BudgetRequest["limits"],
      more: Partial<BudgetRequest> = {},
    ): Omit<BudgetRequest, "want"> => ({
      sessionId,
      ruleId: `rule-${++rule}`,
      account: "own",
      per: "principal",
      windowSeconds: 3600,
      limits,
      onExceed: "deny",
      values: {},
      returns: [],
      ...more,
    });
    const rows = (least: number, most = least) => ({ want: { rows: { least, most } } });
    const granted = async (request: BudgetRequest, port = ports[0]) => {
      const answer = await port.reserveBudget(request);
      if (!answer.granted) throw new Error(`refused: ${answer.counter}`);
      return answer;
    };

    it("grants all that is asked for or nothing, and says when it is free again", async () => {
      const budget = fresh({ rows: 10, bytes: 100 });
      await granted({ ...budget, want: { rows: { least: 8, most: 8 }, bytes: { least: 90, most: 90 } } });
      const wish = { rows: { least: 1, most: 1 }, bytes: { least: 11, most: 11 } };
      const refused = await ports[1].reserveBudget({ ...budget, want: wish });
      const frees = refused.granted ? "" : (refused.freesAt ?? "");
      expect(refused).toMatchObject({ granted: false, counter: "bytes" });
      const wait = Date.parse(frees) - harness.clock.now();
      expect(wait).toBeGreaterThan(HOUR);
      expect(wait).toBeLessThan(HOUR + HOUR / 12 + 31_000);
      await granted({ ...budget, ...rows(2) });
      const tooMuch = await ports[0].reserveBudget({ ...budget, ...rows(11) });
      expect(tooMuch).toEqual({ granted: false, counter: "rows" });
    });

    it("gives more than is needed only as a part of what is left", async () => {
      const budget = fresh({ rows: 800 });
      expect((await granted({ ...budget, ...rows(1, 1000) })).amounts).toEqual({ rows: 100 });
      expect((await granted({ ...budget, ...rows(1, 1000) })).amounts).toEqual({ rows: 87 });
      expect((await granted({ ...budget, ...rows(300, 1000) })).amounts).toEqual({ rows: 300 });
    });

    it("takes back what was not spent: once, never more than was granted, also late", async () => {
      const budget = fresh({ rows: 10 });
      const { leaseId } = await granted({ ...budget, ...rows(10) });
      await ports[1].returnBudget([{ leaseId, unused: { rows: 4 }, last: false }]);
      await granted({ ...budget, ...rows(4) });
      await ports[1].returnBudget([{ leaseId, unused: { rows: 400 }, last: false }]);
      await ports[1].returnBudget([{ leaseId, unused: { rows: 4 }, last: false }]);
      await granted({ ...budget, ...rows(6) });
      expect(await ports[0].reserveBudget({ ...budget, ...rows(1) })).toMatchObject({ granted: false });
      const other = fresh({ rows: 10 });
      const late = await granted({ ...other, ...rows(10) });
      harness.clock.advance(60_000);
      await granted({ ...other, ...rows(5), returns: [{ leaseId: late.leaseId, unused: { rows: 5 }, last: false }] });
      await expect(
        ports[0].returnBudget([{ leaseId: late.leaseId, unused: { rows: -5 }, last: false }]),
      ).rejects.toMatchObject({
        code: "bad_request",
      });
    });

    it("takes nothing back after the last return, and tells what is out", async () => {
      const budget = fresh({ rows: 10 });
      const { leaseId } = await granted({ ...budget, ...rows(10) });
      const out = async () => {
        const { json } = await harness.call("GET", "/v1/budgets?principal=ana");
        const view = (json.budgets as { rule: string; spent: number; leased: number }[]).find(
          (each) => each.rule === budget.ruleId,
        );
        return [view?.spent, view?.leased];
      };
      expect(await out()).toEqual([10, 10]);
      await ports[0].returnBudget([{ leaseId, unused: { rows: 4 }, last: true }]);
      await ports[0].returnBudget([{ leaseId, unused: { rows: 4 }, last: true }]);
      expect(await out()).toEqual([6, 0]);
    });

    it("counts the lease of a gateway that is gone as spent, until its window has passed", async () => {
      const budget = fresh({ rows: 10 });
      const { validForMs } = await granted({ ...budget, ...rows(10) });
      expect(validForMs).toBeLessThanOrEqual(30_000);
      harness.clock.advance(HOUR - 1);
      await harness.running.port.changes(0, 0);
      expect(await ports[0].reserveBudget({ ...budget, ...rows(1) })).toMatchObject({ granted: false });
      harness.clock.advance(HOUR / 12 + validForMs + 1);
      await granted({ ...budget, ...rows(10) });
    });

    it("never grants more than the limit, however many ask at once in two processes", async () => {
      const budget = fresh({ rows: 1000, errors: 20 });
      const want = { rows: { least: 7, most: 90 }, errors: { least: 1, most: 2 } };
      const answers = await Promise.all(
        Array.from({ length: 40 }, (_, index) => ports[index % 2 === 0 ? 0 : 1].reserveBudget({ ...budget, want })),
      );
      const amounts = answers.flatMap((answer) => (answer.granted ? [answer.amounts] : []));
      const sum = (counter: string) => amounts.reduce((total, each) => total + (each[counter] ?? 0), 0);
      expect(amounts.length).toBeGreaterThan(1);
      expect(sum("rows")).toBeLessThanOrEqual(1000);
      expect(sum("errors")).toBeLessThanOrEqual(20);
      expect(answers.some((answer) => !answer.granted)).toBe(true);
    });

    it("counts different values, each once per window, in both processes", async () => {
      const budget = { ...fresh({ "distinct:pii.*": 3 }), want: {} };
      const ask = (port: ControlPlane, ...tokens: string[]) =>
        port.reserveBudget({ ...budget, values: { "distinct:pii.*": tokens } });
      expect(await ask(ports[0], "a", "b", "a")).toMatchObject({ granted: true });
      expect(await ask(ports[1], "b", "c")).toMatchObject({ granted: true });
      expect(await ask(ports[0], "a", "b", "c")).toMatchObject({ granted: true });
      expect(await ask(ports[1], "a", "d")).toMatchObject({ granted: false, counter: "distinct:pii.*" });
      harness.clock.advance(HOUR / 2);
      expect(await ask(ports[1], "a")).toMatchObject({ granted: true });
      harness.clock.advance(HOUR / 2 + HOUR / 12 + 31_000);
      expect(await ask(ports[0], "d", "e")).toMatchObject({ granted: true });
      expect(await ask(ports[0], "f")).toMatchObject({ granted: false });
    });

    it("keeps one account for an AI agent and the person it acts for where the rule means the person", async () => {
      const agent = { name: `helper-${rule}`, kind: "ai_agent", onBehalfOf: "ana", roles: [] };
      const made = await harness.call("POST", "/v1/principals", agent);
      expect(made.status).toBe(201);
      await harness.call("POST", "/v1/grants", { principal: agent.name, resource: "shop" });
      const theirs = (await openSession(harness, made.json.id)).id;
      const budget = fresh({ rows: 10 });
      await granted({ ...budget, ...rows(6) });
      const asPerson = { ...budget, ...rows(5), sessionId: theirs, account: "person" as const };
      expect(await ports[0].reserveBudget(asPerson)).toMatchObject({ granted: false });
      await granted({ ...asPerson, account: "own" });
    });

    it("audits an excess once per window, and tells who spent what", async () => {
      const budget = fresh({ rows: 10 }, { per: "resource" });
      await granted({ ...budget, ...rows(9) });
      for (const port of ports) await port.reserveBudget({ ...budget, ...rows(2) });
      const events = async () => {
        const { json } = await harness.call("GET", "/v1/audit?type=budget.exceeded&order=newest&limit=100");
        return (json.events as { data: { rule: string }; sessionId: string }[]).filter(
          ({ data }) => data.rule === budget.ruleId,
        );
      };
      expect(await events()).toMatchObject([
        { sessionId, data: { rule: budget.ruleId, counter: "rows", limit: 10, windowSeconds: 3600, onExceed: "deny" } },
      ]);
      const listed = async (token?: string) => {
        const { json } = await harness.call("GET", "/v1/budgets", undefined, token);
        return (json.budgets as { rule: string }[]).filter((each) => each.rule === budget.ruleId);
      };
      const expected = { principal: "ana", resource: "shop", counter: "rows", limit: 10, spent: 9, leased: 9 };
      expect(await listed()).toMatchObject([expected]);
      expect(await listed(scene.anaToken)).toMatchObject([{ ...expected, exceededAt: expect.any(String) }]);
      expect(await listed(await harness.addUser(`other-${rule}`))).toEqual([]);
      harness.clock.advance(2 * HOUR);
      expect(await listed()).toEqual([]);
      await ports[0].reserveBudget({ ...budget, ...rows(11) });
      expect(await events()).toHaveLength(2);
    });

    it("refuses what is no budget", async () => {
      const budget = fresh({ rows: 10 });
      for (const want of [
        { rows: { least: 0.5, most: 1 } },
        { rows: { least: -1, most: 1 } },
        { pages: { least: 1, most: 1 } },
      ])
        await expect(ports[0].reserveBudget({ ...budget, want })).rejects.toMatchObject({ code: "bad_request" });
      await expect(ports[0].reserveBudget({ ...budget, ...rows(1), sessionId: "ses_none" })).rejects.toMatchObject({
        code: "not_found",
      });
    });

    it("in no period of the window's length is more spent than the limit, whatever the order of things", async () => {
      const step = fc.record({
        wait: fc.integer({ min: 0, max: 20_000 }),
        least: fc.integer({ min: 1, max: 6 }),
        more: fc.integer({ min: 0, max: 10 }),
        /** Part that is spent, at the last moment at which it may be. */
        used: fc.double({ min: 0, max: 1, noNaN: true }),
        returns: fc.boolean(),
        port: fc.integer({ min: 0, max: 1 }),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
          const limit = 20;
          const windowSeconds = 60;
          const budget = fresh({ rows: limit }, { windowSeconds });
          const spent: { at: number; amount: number }[] = [];
          for (const { wait, least, more, used, returns, port } of steps) {
            harness.clock.advance(wait);
            const answer = await ports[port === 0 ? 0 : 1].reserveBudget({ ...budget, ...rows(least, least + more) });
            if (!answer.granted) continue;
            const amount = answer.amounts.rows ?? 0;
            const mine = returns ? Math.round(amount * used) : amount;
            spent.push({ at: harness.clock.now() + answer.validForMs - 1, amount: mine });
            const { leaseId } = answer;
            if (returns)
              await ports[port === 0 ? 1 : 0].returnBudget([{ leaseId, unused: { rows: amount - mine }, last: false }]);
          }
          for (const { at: from } of spent) {
            const within = spent.filter(({ at }) => at >= from && at < from + windowSeconds * 1000);
            expect(within.reduce((sum, { amount }) => sum + amount, 0)).toBeLessThanOrEqual(limit);
          }
        }),
        { numRuns: 15 },
      );
    });
  });
}
