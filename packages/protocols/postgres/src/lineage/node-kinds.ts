/**
 * What the walk knows of the expression nodes of PostgreSQL 14 to 18 (`primnodes.h`, `parsenodes.h`), by the names
 * that `outfuncs.c` writes. SUBPLAN, ALTERNATIVESUBPLAN, PLACEHOLDERVAR and WINDOWFUNCRUNCONDITION are made by the
 * planner, after the rewriter: here they are as unknown as any other.
 */

/** Depend on everything below them. */
export const COMPOSED: ReadonlySet<string> = new Set([
  "ARRAYCOERCEEXPR",
  "ARRAYEXPR",
  "BOOLEANTEST",
  "BOOLEXPR",
  "CASEWHEN",
  "COALESCEEXPR",
  "COERCETODOMAIN",
  "COERCEVIAIO",
  "CONVERTROWTYPEEXPR",
  "DISTINCTEXPR",
  "FIELDSELECT",
  "FIELDSTORE",
  "FUNCEXPR",
  "INFERENCEELEM",
  "JSONBEHAVIOR",
  "JSONCONSTRUCTOREXPR",
  "JSONEXPR",
  "JSONISPREDICATE",
  "JSONTABLEPATHSCAN",
  "JSONTABLESIBLINGJOIN",
  "JSONVALUEEXPR",
  "MINMAXEXPR",
  "NULLIFEXPR",
  "NULLTEST",
  "OPEXPR",
  "RETURNINGEXPR",
  "ROWCOMPAREEXPR",
  "ROWEXPR",
  "SCALARARRAYOPEXPR",
  "SUBSCRIPTINGREF",
  "TABLEFUNC",
  "TARGETENTRY",
  "XMLEXPR",
]);

/** Depend on no column: placeholders whose value another part of the same node gives, and values of the session. */
export const LEAVES: ReadonlySet<string> = new Set([
  "CASETESTEXPR",
  "COERCETODOMAINVALUE",
  "CURRENTOFEXPR",
  "JSONFORMAT",
  "JSONRETURNING",
  "JSONTABLEPATH",
  "MERGESUPPORTFUNC",
  "NEXTVALUEEXPR",
  "SETTODEFAULT",
  "SQLVALUEFUNCTION",
]);

/** Give their argument as it is. */
export const UNCHANGED: ReadonlySet<string> = new Set(["COLLATEEXPR", "NAMEDARGEXPR", "RELABELTYPE"]);

/** Compare or test: their truth value decides something wherever it stands. */
export const DECIDING: ReadonlySet<string> = new Set([
  "BOOLEANTEST",
  "DISTINCTEXPR",
  "JSONISPREDICATE",
  "NULLIFEXPR",
  "NULLTEST",
  "ROWCOMPAREEXPR",
  "SCALARARRAYOPEXPR",
]);

/** Where a node tells the OID of the function that it calls. */
export const FUNCTION_FIELDS: Readonly<Record<string, string>> = {
  AGGREF: "aggfnoid",
  DISTINCTEXPR: "opfuncid",
  FUNCEXPR: "funcid",
  NULLIFEXPR: "opfuncid",
  OPEXPR: "opfuncid",
  SCALARARRAYOPEXPR: "opfuncid",
  WINDOWFUNC: "winfnoid",
};

/** Where a node tells a type whose own functions run: input, output, comparison, subscripting, checks of a domain. */
export const TYPE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  COERCETODOMAIN: ["resulttype"],
  COERCEVIAIO: ["resulttype"],
  JSONRETURNING: ["typid"],
  MINMAXEXPR: ["minmaxtype"],
  SUBSCRIPTINGREF: ["refcontainertype"],
  XMLEXPR: ["type"],
};

/** Where a node tells the type of its result. */
export const RESULT_TYPE_FIELDS: Readonly<Record<string, string>> = {
  AGGREF: "aggtype",
  ARRAYCOERCEEXPR: "resulttype",
  ARRAYEXPR: "array_typeid",
  CASEEXPR: "casetype",
  CASETESTEXPR: "typeId",
  COALESCEEXPR: "coalescetype",
  COERCETODOMAIN: "resulttype",
  COERCETODOMAINVALUE: "typeId",
  COERCEVIAIO: "resulttype",
  CONST: "consttype",
  CONVERTROWTYPEEXPR: "resulttype",
  FIELDSELECT: "resulttype",
  FIELDSTORE: "resulttype",
  FUNCEXPR: "funcresulttype",
  MINMAXEXPR: "minmaxtype",
  NULLIFEXPR: "opresulttype",
  OPEXPR: "opresulttype",
  PARAM: "paramtype",
  RELABELTYPE: "resulttype",
  ROWEXPR: "row_typeid",
  SUBSCRIPTINGREF: "refrestype",
  VAR: "vartype",
  WINDOWFUNC: "wintype",
};
