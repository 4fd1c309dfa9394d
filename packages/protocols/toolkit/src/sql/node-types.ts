/**
 * Node types of PostgreSQL 18's raw parse tree that the walkers know. An allowlist: a node that is not here makes its
 * statement `opaque` (PG18's new RTE_GROUP once let a HAVING probe through a walker that skipped what it did not know).
 * Statement nodes are in statement-kinds.ts; nodes of the analyser and planner never come from the raw parser.
 */
export const RAW_NODE_TYPES: ReadonlySet<string> = new Set(
  `Integer Float Boolean String BitString List
  A_Const A_Star A_Indices A_Indirection A_ArrayExpr A_Expr Alias ColumnRef ParamRef TypeCast TypeName CollateClause
  FuncCall NamedArgExpr RowExpr CaseExpr CaseWhen CoalesceExpr MinMaxExpr BoolExpr NullTest BooleanTest SubLink
  SQLValueFunction XmlExpr XmlSerialize GroupingFunc GroupingSet SetToDefault CurrentOfExpr MultiAssignRef
  MergeSupportFunc RoleSpec ResTarget SortBy WindowDef
  RangeVar RangeSubselect RangeFunction RangeTableFunc RangeTableFuncCol RangeTableSample JoinExpr LockingClause
  IntoClause WithClause CommonTableExpr CTESearchClause CTECycleClause InferClause OnConflictClause MergeWhenClause
  ReturningClause ReturningOption IndexElem
  JsonFormat JsonReturning JsonValueExpr JsonIsPredicate JsonBehavior JsonOutput JsonArgument JsonFuncExpr
  JsonTablePathSpec JsonTable JsonTableColumn JsonKeyValue JsonParseExpr JsonScalarExpr JsonSerializeExpr
  JsonObjectConstructor JsonArrayConstructor JsonArrayQueryConstructor JsonAggConstructor JsonObjectAgg JsonArrayAgg
  ColumnDef Constraint TableLikeClause DefElem PartitionElem PartitionSpec PartitionBoundSpec PartitionRangeDatum
  PartitionCmd AlterTableCmd ATAlterConstraint ObjectWithArgs AccessPriv FunctionParameter TriggerTransition
  CreateOpClassItem StatsElem VacuumRelation PublicationTable PublicationObjSpec RawStmt ReplicaIdentityStmt`.split(
    /\s+/,
  ),
);
