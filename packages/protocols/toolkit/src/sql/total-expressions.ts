import { TEXT_TYPES } from "./builtin-names.ts";
import { as, constantText, isRowFree, isTree, list, qualifiedName, type Tree } from "./tree.ts";

/**
 * A masked value still tells something when making it can fail, can give NULL or can give several rows: `1 / (ascii(name)
 * - 75)` asks a question that the error answers. Here are the built-in functions, operators and casts which for every value
 * of their columns give exactly one value, and NULL only for NULL. Everything else counts as a question.
 */

/** Whatever stands in their arguments. */
const TOTAL: ReadonlySet<string> = new Set(
  `lower upper initcap reverse md5 length char_length character_length octet_length bit_length ascii concat concat_ws
  quote_literal quote_nullable quote_ident to_hex to_json to_jsonb row_to_json array_to_json json_build_array
  jsonb_build_array hashtext sha224 sha256 sha384 sha512 num_nulls num_nonnulls pg_typeof pg_column_size count min max
  string_agg array_agg json_agg jsonb_agg sum avg bool_and bool_or every row_number rank dense_rank percent_rank cume_dist
  first_value last_value lag lead any_value now strpos position`.split(/\s+/),
);

/** Where one argument holds columns and the others are constants, and so fail for every row or for none. */
const TOTAL_IN_ONE: ReadonlySet<string> = new Set(
  `substr substring left right lpad rpad btrim ltrim rtrim repeat replace translate overlay split_part string_to_array
  array_to_string regexp_replace encode convert_to to_char date_part extract date_trunc timezone age round floor ceil
  ceiling trunc sign abs to_tsvector format json_build_object jsonb_build_object ntile nth_value array_fill cardinality
  jsonb_pretty`.split(/\s+/),
);

/** Numbers that fit every numeric type they are usually cast to. */
const SMALL_NUMBERS: ReadonlySet<string> = new Set(
  `count length char_length character_length octet_length ascii strpos position extract date_part row_number rank
  dense_rank ntile cardinality num_nulls num_nonnulls`.split(/\s+/),
);
const NUMBER_TYPES: ReadonlySet<string> = new Set(["int4", "int8", "integer", "bigint", "numeric", "float8", "float4"]);

/** A keyed JSON object must have keys: its odd arguments. */
const KEYED: ReadonlySet<string> = new Set(["json_build_object", "jsonb_build_object"]);

export function isTotalCall(call: Tree): boolean {
  const { schema, name } = qualifiedName(call.funcname);
  if (schema !== undefined && schema !== "pg_catalog") return false;
  const args = list(call.args);
  if (name === "format") return isTotalFormat(args);
  if (KEYED.has(name)) return args.every((arg, index) => index % 2 === 1 || isRowFree(arg));
  if (TOTAL.has(name)) return true;
  if (!TOTAL_IN_ONE.has(name)) return false;
  const holding = args.filter((arg) => !isRowFree(arg));
  if (holding.length > 1) return false;
  // substring(x from 'pattern') is NULL where nothing matches
  if (name === "substring" || name === "substr") return args.slice(1).every((arg) => !isTextConstant(arg));
  if (name === "convert_to") return /^'?utf-?8'?$/i.test(constantOf(args[1]) ?? "");
  return true;
}

/** `%I` fails for NULL, and a width may be taken from a value. */
function isTotalFormat(args: readonly unknown[]): boolean {
  const pattern = constantOf(args[0]);
  return pattern !== undefined && !/[I*]/.test(pattern);
}

/** Operators beside comparisons, which are questions of their own. */
export function isTotalOperator(name: string, left: unknown, right: unknown): boolean {
  if (name === "||" || name === "->" || name === "->>" || name === "#>" || name === "#>>") return true;
  if (name !== "/" && name !== "%") return isRowFree(left) && isRowFree(right);
  const divisor = constantOf(right);
  return divisor !== undefined && Number.isFinite(Number(divisor)) && Number(divisor) !== 0;
}

export function isTotalCast(cast: Tree): boolean {
  const type = isTree(cast.typeName) ? qualifiedName(cast.typeName.names).name : "";
  if (TEXT_TYPES.has(type) || type === "name") return true;
  if (!NUMBER_TYPES.has(type)) return isRowFree(cast.arg);
  const call = as("FuncCall", cast.arg);
  return isRowFree(cast.arg) || (call !== undefined && SMALL_NUMBERS.has(qualifiedName(call.funcname).name));
}

function isTextConstant(node: unknown): boolean {
  const constant = as("A_Const", node);
  return constant !== undefined && isTree(constant.sval);
}

function constantOf(node: unknown): string | undefined {
  const cast = as("TypeCast", node);
  if (cast !== undefined) return constantOf(cast.arg);
  const constant = as("A_Const", node);
  return constant === undefined ? undefined : constantText(constant);
}
