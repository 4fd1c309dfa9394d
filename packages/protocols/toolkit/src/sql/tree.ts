/** A node or a list of libpg-query's JSON: wrapped `{ ColumnRef: {...} }` or, where the grammar fixes the type, bare. */
export type Tree = { readonly [field: string]: unknown };

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Type name and fields of a wrapped node; undefined for a bare struct, a list or a scalar. */
export function unwrap(value: unknown): readonly [type: string, fields: Tree] | undefined {
  if (!isTree(value)) return undefined;
  for (const key in value) {
    const first = key.charCodeAt(0);
    const fields = value[key];
    return first >= 65 && first <= 90 && isTree(fields) ? [key, fields] : undefined;
  }
  return undefined;
}

/** Fields of `value` when it is a wrapped node of this type. */
export function as(type: string, value: unknown): Tree | undefined {
  if (!isTree(value)) return undefined;
  const fields = value[type];
  return isTree(fields) ? fields : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** `sval` of a String node. */
export function stringOf(value: unknown): string | undefined {
  const node = as("String", value);
  return node === undefined ? undefined : (text(node.sval) ?? "");
}

/** All strings of a list of String nodes; others are skipped. */
export function strings(value: unknown): string[] {
  const found: string[] = [];
  for (const item of list(value)) {
    const string = stringOf(item);
    if (string !== undefined) found.push(string);
  }
  return found;
}

/** `schema.name` of a qualified name list: the last two strings. */
export function qualifiedName(value: unknown): { schema?: string; name: string } {
  const parts = strings(value);
  const name = parts.at(-1) ?? "";
  const schema = parts.at(-2);
  return schema === undefined ? { name } : { schema, name };
}

/** Value of an A_Const as text; undefined for NULL. */
export function constantText(constant: Tree): string | undefined {
  if (constant.isnull === true) return undefined;
  const value = (field: string, inner: string, absent: string): string | undefined => {
    const holder = constant[field];
    return isTree(holder) ? String(holder[inner] ?? absent) : undefined;
  };
  return (
    value("sval", "sval", "") ??
    value("ival", "ival", "0") ??
    value("fval", "fval", "0") ??
    value("boolval", "boolval", "false") ??
    value("bsval", "bsval", "")
  );
}

/** Depth-first over every node and struct below `root`, without recursion; `visit` may return false to stop early. */
export function everyNode(root: unknown, visit: (type: string, fields: Tree) => boolean): boolean {
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const value = stack.pop();
    if (Array.isArray(value)) for (const item of value) stack.push(item);
    else if (isTree(value)) {
      const node = unwrap(value);
      if (node !== undefined && !visit(node[0], node[1])) return false;
      for (const key in value) {
        const child = value[key];
        if (typeof child === "object") stack.push(child);
      }
    }
  }
  return true;
}

/** Neither a column nor a sub-select below: its value is the same for every row (or random, which is no data). */
export function isRowFree(root: unknown): boolean {
  return everyNode(root, (type) => type !== "ColumnRef" && type !== "SubLink" && type !== "CurrentOfExpr");
}
