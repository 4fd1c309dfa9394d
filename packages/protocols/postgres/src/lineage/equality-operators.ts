/**
 * OIDs of the built-in operators named `=` that are the equality of a default btree or hash operator class (strategy
 * 3 and 1), sorted: the same 57 in PostgreSQL 15 and 18. Source, to be run on a server:
 *
 *   SELECT DISTINCT o.oid FROM pg_operator o JOIN pg_amop a ON a.amopopr = o.oid
 *   JOIN pg_am m ON m.oid = a.amopmethod JOIN pg_opclass c ON c.opcfamily = a.amopfamily AND c.opcdefault
 *   WHERE o.oprname = '=' AND o.oid < 16384 AND (m.amname, a.amopstrategy) IN (('btree', 3), ('hash', 1)) ORDER BY 1
 *
 * Not among them: `=` of xid with integer, and of box, path, circle, lseg and line, which compare by size or within a
 * tolerance. They count as patterns.
 */
const EQUALITY_OPERATORS: readonly number[] = [
  15, 91, 92, 93, 94, 96, 98, 254, 260, 352, 385, 387, 410, 416, 532, 533, 607, 620, 649, 670, 900, 974, 1054, 1070,
  1093, 1108, 1120, 1130, 1201, 1220, 1320, 1330, 1550, 1752, 1784, 1804, 1862, 1868, 1955, 2060, 2347, 2360, 2373,
  2386, 2536, 2542, 2860, 2972, 2988, 3222, 3240, 3362, 3516, 3629, 3676, 3882, 5068,
];

const equality: ReadonlySet<number> = new Set(EQUALITY_OPERATORS);

export function isEquality(operator: number): boolean {
  return equality.has(operator);
}
