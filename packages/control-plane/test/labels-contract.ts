import type { BoundRelation, ControlPlane, LabelBindingSave, LabelPlace } from "@tidewaiter/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Harness } from "./running.ts";
import { setTheScene } from "./scene.ts";

const POLICY = `
version: 1
labels:
  pii.email: { columns: ["*.customers.email"], detect: [email] }
classified: ["*.customers.city"]
`;

const customers = (oid: number, ...columns: BoundRelation["columns"]): BoundRelation => ({
  oid,
  schema: "shop",
  name: "customers",
  kind: "table",
  gone: 0,
  columns: [
    { attnum: 1, name: "id", type: "int4", state: "known" },
    { attnum: 2, name: "email", type: "text", state: "known" },
    ...columns,
  ],
});
const fresh = (attnum: number, name: string) => ({ attnum, name, type: "text", state: "unclassified" }) as const;

/** Label bindings by the port, what people see of them by the API; on either store. */
export function labelsContract(name: string, start: () => Promise<Harness>): void {
  describe(`label bindings: ${name}`, () => {
    let harness: Harness;
    let port: ControlPlane;
    let resourceId: string;
    beforeAll(async () => {
      harness = await start();
      port = harness.port;
      await setTheScene(harness);
      resourceId = (await harness.call("GET", "/v1/resources/shop")).json.id;
      const applied = await harness.call("POST", "/v1/apply", {
        documents: [{ name: "policies/pii.yaml", source: POLICY }],
      });
      expect(applied.status).toBe(200);
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const placeOf = (more: Partial<LabelPlace> = {}): LabelPlace => ({
      resourceId,
      systemId: "7301234567890123456",
      databaseOid: 16_384,
      database: "app",
      ...more,
    });
    const save = (more: Partial<LabelBindingSave>) =>
      port.saveLabelBindings({ place: placeOf(), base: 0, changed: [], forgotten: [], drift: [], ...more });
    const audited = async (type: string) =>
      (await harness.call("GET", `/v1/audit?type=${type}&limit=1000`)).json.events as {
        type: string;
        data: Record<string, unknown>;
      }[];

    it("knows nothing of a place that nobody has seen", async () => {
      expect(await port.labelBindings(placeOf())).toEqual({ revision: 0, relations: [] });
    });

    it("keeps what is saved, once: the slower of two is refused whole", async () => {
      const many = Array.from({ length: 1_100 }, (_, index) => ({ ...customers(20_000 + index), name: `t${index}` }));
      const saves = [customers(100), customers(200)].map((relation) => save({ changed: [relation, ...many] }));
      const results = await Promise.all(saves);
      expect(results.map((result) => result.ok).sort()).toEqual([false, true]);
      const { revision, relations } = await port.labelBindings(placeOf());
      expect(revision).toBe(1);
      expect(relations).toHaveLength(1_101);
      const [winner] = results[0]?.ok === true ? [customers(100)] : [customers(200)];
      expect(relations).toContainEqual(winner);
      expect(await port.labelBindings(placeOf(), 1)).toEqual({ revision: 1 });
      expect(await audited("labels")).toMatchObject([
        { type: "labels.bound", data: { database: "app", databaseOid: 16_384, relations: 1_101 } },
      ]);
      await save({ base: 1, changed: [customers(100)], forgotten: [200, ...many.map(({ oid }) => oid)] });
      expect((await port.labelBindings(placeOf())).relations).toEqual([customers(100)]);
    });

    it("tells each difference as an audit event, and other gateways that there was one", async () => {
      const since = (await port.changes(Number.MAX_SAFE_INTEGER, 0)).last;
      const changed = [customers(100, fresh(3, "contact_email"), fresh(4, "city"), fresh(5, "note"))];
      const column = { what: "new_column", relation: "shop.customers" } as const;
      const drift = [
        { ...column, column: "contact_email", proposed: "pii.email" },
        { ...column, column: "x".repeat(600) },
        ...Array.from({ length: 300 }, (_, index) => ({ ...column, column: `c${index}` })),
      ];
      expect(await save({ base: 2, changed, drift, sessionId: "ses_1" })).toEqual({ ok: true, revision: 3 });
      const events = await audited("schema_drift");
      expect(events).toHaveLength(201);
      expect(events[0]).toMatchObject({
        type: "schema_drift.new_column",
        sessionId: "ses_1",
        resourceId,
        data: { database: "app", relation: "shop.customers", column: "contact_email", proposed: "pii.email" },
      });
      expect(events.at(-1)).toMatchObject({ type: "schema_drift.more", data: { count: 102 } });
      expect(String(events[1]?.data.column).length).toBeLessThan(520);
      expect((await port.changes(since, 1_000)).changes).toMatchObject([{ kind: "labels", id: resourceId }]);
    });

    it("shows labels by the policy in force, and what nobody has decided about", async () => {
      const { places, drift } = (await harness.call("GET", "/v1/resources/shop/labels")).json;
      expect(drift).toHaveLength(50);
      expect(drift[0]).toMatchObject({ what: "more", database: "app", count: 102 });
      expect(drift[1]).toMatchObject({ what: "new_column", relation: "shop.customers", column: "c197" });
      expect(places).toMatchObject([{ database: "app", systemId: "7301234567890123456", revision: 3, relations: 1 }]);
      expect(places[0].columns).toEqual([
        { column: "shop.customers.email", labels: ["pii.email"], state: "known", proposed: [], formerly: [] },
        {
          column: "shop.customers.contact_email",
          labels: ["unclassified"],
          state: "unclassified",
          proposed: ["pii.email"],
          formerly: [],
        },
        { column: "shop.customers.note", labels: ["unclassified"], state: "unclassified", proposed: [], formerly: [] },
      ]);
    });

    it("accepts columns on every server of the resource; only an administrator may", async () => {
      await save({ place: placeOf({ systemId: "2" }), changed: [customers(700, fresh(9, "note"))] });
      const accept = (columns: readonly string[], token?: string) =>
        harness.call("POST", "/v1/resources/shop/labels/accept", { columns }, token);
      expect((await accept(["customers.note"], await harness.addUser("uma"))).status).toBe(403);
      expect((await accept(["customers.nothing"])).status).toBe(404);
      expect((await accept(["note"])).status).toBe(400);
      expect((await accept(["customers.email"])).status).toBe(404);
      expect((await accept(["customers.n*"])).json).toEqual({ accepted: ["shop.customers.note"] });
      expect((await accept(["customers.note"])).json).toEqual({ accepted: [] });
      const [one, two] = [await port.labelBindings(placeOf()), await port.labelBindings(placeOf({ systemId: "2" }))];
      expect(one.revision).toBe(4);
      expect(one.relations?.[0]?.columns[4]).toEqual({ ...fresh(5, "note"), state: "accepted" });
      expect(one.relations?.[0]?.columns[2]).toEqual(fresh(3, "contact_email"));
      expect(two.relations?.[0]?.columns[2]?.state).toBe("accepted");
      expect((await audited("labels")).at(-2)).toMatchObject({
        type: "labels.accepted",
        data: { by: "root", columns: "shop.customers.note", count: 1 },
      });
    });

    it("gives what the last server had to one that was never seen, by the database's name", async () => {
      const other = await port.labelBindings(placeOf({ systemId: "3", databaseOid: 5 }));
      expect(other).toMatchObject({ revision: 0, relations: [], elsewhere: [{ name: "customers" }] });
      expect(await port.labelBindings(placeOf({ systemId: "3", database: "other" }))).toEqual({
        revision: 0,
        relations: [],
      });
    });

    it("goes with its resource", async () => {
      expect((await harness.call("DELETE", "/v1/resources/shop")).status).toBe(204);
      expect(await port.labelBindings(placeOf())).toEqual({ revision: 0, relations: [] });
    });
  });
}
