import { expression } from "./expressions.ts";
import type { TreeNode } from "./node-tree.ts";
import { query } from "./queries.ts";
import type { Column, Scope } from "./scope.ts";
import { COLUMN_FREE, computed, opaque, type Value } from "./value.ts";

/** `SubLinkType` of PostgreSQL's `primnodes.h`. */
export const SUB_LINK = { exists: 0, all: 1, any: 2, rowCompare: 3, scalar: 4, assigned: 5, array: 6 } as const;

/** A sub-select as a value. What its own WHERE and ORDER BY look at is recorded by its walk. */
export function subLink(node: TreeNode, scope: Scope): Value {
  const columns = subSelect(node, scope);
  const values = columns.map(({ value }) => value);
  switch (node.number("subLinkType")) {
    case SUB_LINK.exists:
      // Whether rows come does not depend on what is selected.
      return withoutColumns(values);
    case SUB_LINK.scalar: {
      const [value, ...others] = values;
      return value === undefined || others.length > 0 ? opaque("SUBLINK") : { ...value, rowFree: false, guesses: 0 };
    }
    case SUB_LINK.assigned:
      scope.assigned.set(node.number("subLinkId"), columns);
      return computed([...values, COLUMN_FREE]);
    case SUB_LINK.array:
      return computed([...values, COLUMN_FREE]);
    case SUB_LINK.all:
    case SUB_LINK.any:
    case SUB_LINK.rowCompare: {
      const value = computed([testOf(node, columns, scope), ...values, COLUMN_FREE]);
      scope.walk.record(value, "expression");
      return value;
    }
    default:
      return computed([...values, opaque("SUBLINK")]);
  }
}

export function subSelect(node: TreeNode, scope: Scope): readonly Column[] {
  const select = node.node("subselect");
  if (select !== undefined) return query(select, scope.walk, scope);
  return [{ name: "", value: opaque("SUBLINK") }];
}

/** The comparison of ANY and ALL, in which parameters stand for the columns of the sub-select. */
export function testOf(node: TreeNode, columns: readonly Column[], scope: Scope): Value {
  scope.walk.subSelects.push(columns);
  const value = expression(node.fields.get("testexpr") ?? null, scope);
  scope.walk.subSelects.pop();
  return value;
}

export function subLinkParameter(id: number, { walk }: Scope): Value | undefined {
  return walk.subSelects.at(-1)?.[id - 1]?.value;
}

function withoutColumns(values: readonly Value[]): Value {
  const { functions, opaque: reasons } = computed(values);
  return { ...COLUMN_FREE, functions, opaque: reasons };
}
