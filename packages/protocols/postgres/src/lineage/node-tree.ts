/** `<>` is null. Booleans stay the strings `true` and `false`; OIDs, enumerations and counts are numbers. */
export type TreeValue = null | number | string | Datum | TreeNode | TreeList;

export type TreeList = readonly TreeValue[];

/** A constant's bytes, `12 [ 1 0 0 0 ]`: its length, and the first of them. */
export class Datum {
  readonly length: number;
  readonly head: readonly number[];

  constructor(length: number, head: readonly number[]) {
    this.length = length;
    this.head = head;
  }
}

/** `{KIND :field value ...}` as PostgreSQL's `outfuncs.c` writes it, without the fields that say where it was typed. */
export class TreeNode {
  /** Upper case, e.g. `TARGETENTRY`. */
  readonly kind: string;
  readonly fields: ReadonlyMap<string, TreeValue>;

  constructor(kind: string, fields: ReadonlyMap<string, TreeValue>) {
    this.kind = kind;
    this.fields = fields;
  }

  node(field: string): TreeNode | undefined {
    const value = this.fields.get(field);
    return value instanceof TreeNode ? value : undefined;
  }

  /** Empty for `<>`. */
  list(field: string): TreeList {
    const value = this.fields.get(field);
    return isList(value) ? value : [];
  }

  /** The nodes of a list. */
  nodes(field: string): readonly TreeNode[] {
    return this.list(field).filter((item) => item instanceof TreeNode);
  }

  /** 0 when absent: PostgreSQL's InvalidOid, and no column. */
  number(field: string): number {
    const value = this.fields.get(field);
    return typeof value === "number" ? value : 0;
  }

  numbers(field: string): readonly number[] {
    return this.list(field).filter((item) => typeof item === "number");
  }

  /** Empty for `<>`, which is also how an empty name is written. */
  text(field: string): string {
    const value = this.fields.get(field);
    return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
  }

  is(field: string): boolean {
    return this.fields.get(field) === "true";
  }
}

export function isList(value: TreeValue | undefined): value is TreeList {
  return Array.isArray(value);
}
