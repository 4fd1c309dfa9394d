import { describe, expect, it } from "vitest";
import { BoundLabels, type BoundRelation, type SeenRelation, UNCLASSIFIED } from "./bindings.ts";
import { LabelMatcher, type UnlabelledColumns } from "./label-matcher.ts";
import { type ReconcileInput, reconcile } from "./reconcile.ts";

const LABELS = [
  { name: "pii.email", columns: ["shop.customers.email"], names: "(?i)^e_?mail$", detect: ["email"] },
  { name: "pii.ssn", columns: ["*.customers.ssn"] },
];
const matcher = new LabelMatcher(LABELS);

/** `id:int email:text`, numbered from 1; a number before a name sets it. */
const table = (oid: number, name: string, columns: string, more: Partial<SeenRelation> = {}): SeenRelation => {
  const [schema = "", relation = ""] = name.split(".");
  return {
    oid,
    schema,
    name: relation,
    kind: "table",
    parents: [],
    columns: columns.split(" ").map((column, index) => {
      const [, number, label = "", type = "text"] = /^(\d+=)?(\w+)(?::(\w+))?$/.exec(column) ?? [];
      return { attnum: number === undefined ? index + 1 : Number.parseInt(number, 10), name: label, type };
    }),
    ...more,
  };
};

const CUSTOMERS = table(100, "shop.customers", "id:int name email ssn");
const ORDERS = table(101, "shop.orders", "id:int total:numeric");
const LOGS = table(102, "logs.lines", "id:int line");
const BASE = [CUSTOMERS, ORDERS, LOGS];

const look = (seen: readonly SeenRelation[], bound?: readonly BoundRelation[], more: Partial<ReconcileInput> = {}) =>
  reconcile({ seen, bound, database: "app", revision: 2, matcher, ...more });
const base = look(BASE).relations;
const labels = (relations: readonly BoundRelation[], unlabelled: UnlabelledColumns = {}) => {
  const policy = new LabelMatcher(LABELS, unlabelled);
  return Object.fromEntries(
    new BoundLabels(relations, policy)
      .all()
      .filter((each) => each.labels.length > 0)
      .map(({ relation, column, labels: carried }) => [
        `${relation.schema}.${relation.name}.${column.name}`,
        carried.join(),
      ]),
  );
};
const LABELLED = { "shop.customers.email": "pii.email", "shop.customers.ssn": "pii.ssn" };

describe("reconcile", () => {
  it("takes what is there at the first look as it is", () => {
    const first = look(BASE);
    expect(first.drift).toEqual([]);
    expect(first.changed).toHaveLength(3);
    expect(labels(first.relations)).toEqual(LABELLED);
  });

  it("finds nothing where nothing changed", () => {
    expect(look(BASE, base)).toMatchObject({ changed: [], drift: [], forgotten: [] });
  });

  it("keeps labels through renames of column, table and schema, and tells each once", () => {
    const renamed = look([table(100, "hr.people", "id:int name contact ssn"), ORDERS, LOGS], base);
    expect(renamed.drift).toEqual([
      { what: "renamed", relation: "hr.people", from: "shop.customers" },
      { what: "renamed", relation: "hr.people", column: "contact", from: "email", proposed: "pii.email" },
    ]);
    expect(labels(renamed.relations)).toEqual({ "hr.people.contact": "pii.email", "hr.people.ssn": "pii.ssn" });
    const again = look([table(100, "hr.people", "id:int name contact ssn"), ORDERS, LOGS], renamed.relations);
    expect(again).toMatchObject({ changed: [], drift: [] });
    const further = look([table(100, "hr.people", "id:int name reach number"), ORDERS, LOGS], again.relations);
    expect(labels(further.relations)).toEqual({ "hr.people.reach": "pii.email", "hr.people.number": "pii.ssn" });
  });

  it("columns that swap names carry the labels of both", () => {
    const swapped = look([table(100, "shop.customers", "id:int email name ssn"), ORDERS, LOGS], base);
    expect(labels(swapped.relations)).toEqual({
      "shop.customers.email": "pii.email",
      "shop.customers.name": "pii.email",
      "shop.customers.ssn": "pii.ssn",
    });
  });

  it("a label goes when the policy lets it go", () => {
    const renamed = look([table(100, "hr.people", "id:int name contact ssn")], base).relations;
    const other = new BoundLabels(renamed, new LabelMatcher([{ name: "x", columns: ["*.none.none"] }]));
    expect(other.all().flatMap((each) => each.labels)).toEqual([]);
  });

  it("a new column beside a label, or a table beside a labelled one, is unclassified until decided", () => {
    const now = [
      table(100, "shop.customers", "id:int name email ssn contact_email city"),
      ORDERS,
      table(103, "shop.visits", "id:int email"),
      table(102, "logs.lines", "id:int line more"),
    ];
    const { relations, drift } = look(now, base);
    expect(drift).toEqual([
      { what: "new_column", relation: "shop.customers", column: "contact_email", proposed: "pii.email" },
      { what: "new_column", relation: "shop.customers", column: "city" },
      { what: "new_table", relation: "shop.visits", proposed: "email: pii.email" },
    ]);
    expect(labels(relations)).toEqual({
      ...LABELLED,
      "shop.customers.contact_email": UNCLASSIFIED,
      "shop.customers.city": UNCLASSIFIED,
      "shop.visits.id": UNCLASSIFIED,
      "shop.visits.email": "pii.email",
    });
    expect(labels(relations, { unclassified: "detect" })).toEqual({
      ...LABELLED,
      "shop.visits.email": "pii.email",
    });
    expect(labels(relations, { classified: ["customers.ci*", "shop.visits.*", "*.*.email"] })).toEqual({
      ...LABELLED,
      "shop.customers.contact_email": UNCLASSIFIED,
      "shop.visits.email": "pii.email",
    });
  });

  it("columns of a new partition are its parent's", () => {
    const part = table(103, "shop.customers_1", "id:int name email ssn", { parents: [100] });
    expect(look([...BASE, part], base)).toMatchObject({ drift: [] });
    const wider = table(103, "shop.customers_1", "id:int name email ssn extra", { parents: [100] });
    const { relations, drift } = look([...BASE, wider], base);
    expect(drift).toMatchObject([{ what: "new_table", relation: "shop.customers_1" }]);
    expect(labels(relations)).toMatchObject({ "shop.customers_1.extra": UNCLASSIFIED });
  });

  it("a table made anew takes over from the one whose name it has", () => {
    const contact = look([table(100, "shop.customers", "id:int name contact ssn"), ORDERS, LOGS], base).relations;
    const gone = look([ORDERS, LOGS], contact);
    expect(gone.drift).toEqual([{ what: "dropped", relation: "shop.customers" }]);
    for (const bound of [contact, gone.relations]) {
      const anew = look([table(200, "shop.customers", "ssn name contact fresh"), ORDERS, LOGS], bound);
      expect(anew.drift).toEqual([
        { what: "recreated", relation: "shop.customers" },
        { what: "new_column", relation: "shop.customers", column: "fresh" },
      ]);
      expect(anew.forgotten).toEqual([100]);
      expect(labels(anew.relations)).toEqual({
        "shop.customers.ssn": "pii.ssn",
        "shop.customers.contact": "pii.email",
        "shop.customers.fresh": UNCLASSIFIED,
      });
    }
  });

  it("another server is read by its own names, with what is known of the first", () => {
    const contact = look([table(100, "shop.customers", "id:int name contact ssn"), ORDERS, LOGS], base).relations;
    const there = [
      table(100, "shop.orders", "id:int total:numeric"),
      table(101, "shop.customers", "contact ssn id:int name phone"),
      table(102, "shop.news", "id:int text"),
    ];
    const { relations, drift } = look(there, undefined, { elsewhere: contact, revision: 1 });
    expect(labels(relations)).toEqual({
      "shop.customers.contact": "pii.email",
      "shop.customers.ssn": "pii.ssn",
      "shop.customers.phone": UNCLASSIFIED,
      "shop.news.id": UNCLASSIFIED,
      "shop.news.text": UNCLASSIFIED,
    });
    expect(drift).toEqual([
      { what: "other_server", relation: "app" },
      { what: "new_column", relation: "shop.customers", column: "phone" },
      { what: "new_table", relation: "shop.news" },
    ]);
  });

  it("an OID that means another relation is told by name, with the labels of both where nothing is known of it", () => {
    const swapped = [
      table(100, "shop.orders", "id:int total:numeric"),
      table(101, "shop.customers", "id:int name email ssn"),
    ];
    expect(labels(look(swapped, base).relations)).toEqual(LABELLED);
    const unknown = look([table(100, "shop.things", "a b c d")], base).relations;
    expect(labels(unknown)).toEqual({
      "shop.things.a": UNCLASSIFIED,
      "shop.things.b": UNCLASSIFIED,
      "shop.things.c": "pii.email",
      "shop.things.d": "pii.ssn",
    });
  });

  it("tells columns that go, come back, or change their type", () => {
    const shorter = look([table(100, "shop.customers", "id:int 3=email 4=ssn:int"), ORDERS, LOGS], base);
    expect(shorter.drift).toEqual([
      { what: "retyped", relation: "shop.customers", column: "ssn", from: "text" },
      { what: "dropped", relation: "shop.customers", column: "name" },
    ]);
    const back = look(BASE, shorter.relations);
    expect(back.drift).toEqual([{ what: "retyped", relation: "shop.customers", column: "ssn", from: "int" }]);
    expect(labels(back.relations)).toEqual(LABELLED);
  });

  it("views are never unclassified, and carry on what their names said", () => {
    const view = table(104, "shop.customers_v", "id:int email", { kind: "view" });
    const { relations, drift } = look([...BASE, view], base);
    expect(drift).toEqual([]);
    const later = look([...BASE, table(104, "shop.v2", "id:int reach", { kind: "view" })], relations);
    expect(labels(later.relations)).toMatchObject({ "shop.v2.reach": "pii.email" });
  });
});
