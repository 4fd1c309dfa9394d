/** Types of `pg_catalog` that a statement may name without being reported; arrays of them included. */
export const BUILTIN_TYPES: ReadonlySet<string> = new Set(
  `bool boolean bytea char name int8 int2 int4 int integer bigint smallint int2vector oid text json jsonb jsonpath xml
  point lseg path box polygon line circle float4 float8 real money macaddr macaddr8 inet cidr bpchar varchar date time
  timestamp timestamptz timetz interval bit varbit numeric decimal uuid tsvector tsquery regclass regtype regproc
  regprocedure regoper regoperator regrole regnamespace regconfig regdictionary regcollation pg_lsn xid xid8 cid tid
  txid_snapshot pg_snapshot int4range int8range numrange tsrange tstzrange daterange int4multirange int8multirange
  nummultirange tsmultirange tstzmultirange datemultirange record void oidvector unknown anyelement anyarray trigger
  event_trigger refcursor cstring serial bigserial smallserial serial4 serial8 serial2 aclitem`.split(/\s+/),
);

/** Operator symbols of `pg_catalog` (PostgreSQL 18 `pg_operator.dat`). */
export const BUILTIN_OPERATORS: ReadonlySet<string> = new Set(
  `= <> != < > <= >= + - * / % ^ |/ ||/ @ & | # ~ << >> || !! ~~ !~~ ~~* !~~* ~* !~ !~* ~<~ ~<=~ ~>=~ ~>~ ^@ @@ @@@ @> <@
  && &< &> &<| |&> <<| |>> -|- -> ->> #> #>> ? ?| ?& #- @? ## <-> <^ >^ ?# ?- ?-| ?|| ~= <<= >>= *= *<> *< *> *<= *>=
  @-@`.split(/\s+/),
);

/**
 * Functions of one row argument that PostgreSQL also calls in attribute notation: `c.to_jsonb` is `to_jsonb(c)` when
 * the relation has no such column, so such a reference may hold the whole row.
 */
export const ROW_FUNCTIONS: ReadonlySet<string> = new Set(
  `to_json to_jsonb row_to_json record_out record_send hash_record quote_literal quote_nullable concat format json_build_array
  jsonb_build_array array_agg json_agg jsonb_agg json_agg_strict jsonb_agg_strict num_nulls num_nonnulls text varchar
  hash_record_extended record_image_ne array_fill xmlconcat`.split(/\s+/),
);

/** Set-returning functions that return nothing but what their arguments hold. */
export const ARGUMENT_SETS: ReadonlySet<string> = new Set(
  `unnest generate_series generate_subscripts regexp_split_to_table regexp_matches string_to_table json_array_elements
  jsonb_array_elements json_array_elements_text jsonb_array_elements_text json_each jsonb_each json_each_text
  jsonb_each_text json_object_keys jsonb_object_keys json_to_record jsonb_to_record json_to_recordset jsonb_to_recordset
  json_populate_record jsonb_populate_record json_populate_recordset jsonb_populate_recordset jsonb_path_query
  ts_parse ts_token_type ts_debug aclexplode pg_options_to_table`.split(/\s+/),
);

/** Casts that keep `=` a plain comparison of the column's value. */
export const TEXT_TYPES: ReadonlySet<string> = new Set(["text", "varchar", "bpchar", "citext"]);

/** Operators that compare; all others compute. */
export const COMPARISONS: ReadonlySet<string> = new Set(
  `= <> != < > <= >= ~~ !~~ ~~* !~~* ~ ~* !~ !~* ~<~ ~<=~ ~>=~ ~>~ ^@ @@ @@@ @> <@ && &< &> << >> -|- ? ?| ?& @? ~= <<| |>> <<= >>=
  *= *<> *< *> *<= *>= <% %>`.split(/\s+/),
);
