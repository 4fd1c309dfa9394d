import type { SqlDangerCategory } from "@tidewaiter/core/sql-facts";

/**
 * Built-in and contrib functions that run SQL held in a string, read files, or move data out of the row path, by name
 * whatever the schema (contrib functions live where the extension was installed). Source: PostgreSQL 18 `pg_proc.dat`
 * and contrib. Keep sorted within a category.
 */
const NAMES: Readonly<Record<SqlDangerCategory, readonly string[]>> = {
  sql_in_string: [
    "connectby",
    "crosstab",
    "crosstab2",
    "crosstab3",
    "crosstab4",
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "database_to_xml",
    "database_to_xml_and_xmlschema",
    "database_to_xmlschema",
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "query_to_xmlschema",
    "schema_to_xml",
    "schema_to_xml_and_xmlschema",
    "schema_to_xmlschema",
    "table_to_xml",
    "table_to_xml_and_xmlschema",
    "table_to_xmlschema",
    "ts_rewrite",
    "ts_stat",
    "xpath_table",
  ],
  file: [
    "pg_current_logfile",
    "pg_file_read",
    "pg_file_rename",
    "pg_file_sync",
    "pg_file_unlink",
    "pg_file_write",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_logdir_ls",
    "pg_ls_archive_statusdir",
    "pg_ls_dir",
    "pg_ls_logdir",
    "pg_ls_logicalmapdir",
    "pg_ls_logicalsnapdir",
    "pg_ls_replslotdir",
    "pg_ls_summariesdir",
    "pg_ls_tmpdir",
    "pg_ls_waldir",
    "pg_read_binary_file",
    "pg_read_file",
    "pg_read_file_old",
    "pg_show_all_file_settings",
    "pg_stat_file",
    "get_raw_page",
    "heap_page_items",
    "heap_page_item_attrs",
    "tuple_data_split",
    "bt_page_items",
    "brin_page_items",
    "gin_leafpage_items",
    "gist_page_items",
    "gist_page_items_bytea",
    "hash_page_items",
  ],
  large_object: [
    "lo_close",
    "lo_creat",
    "lo_create",
    "lo_export",
    "lo_from_bytea",
    "lo_get",
    "lo_import",
    "lo_lseek",
    "lo_lseek64",
    "lo_open",
    "lo_put",
    "lo_tell",
    "lo_tell64",
    "lo_truncate",
    "lo_truncate64",
    "lo_unlink",
    "loread",
    "lowrite",
  ],
  egress: [
    "query_export_to_s3",
    "table_import_from_s3",
    "http",
    "http_delete",
    "http_get",
    "http_head",
    "http_patch",
    "http_post",
    "http_put",
    "postgres_fdw_get_connections",
    "pg_logical_emit_message",
  ],
  replication: [
    "pg_copy_logical_replication_slot",
    "pg_copy_physical_replication_slot",
    "pg_create_logical_replication_slot",
    "pg_create_physical_replication_slot",
    "pg_drop_replication_slot",
    "pg_get_wal_block_info",
    "pg_get_wal_record_info",
    "pg_get_wal_records_info",
    "pg_logical_slot_get_binary_changes",
    "pg_logical_slot_get_changes",
    "pg_logical_slot_peek_binary_changes",
    "pg_logical_slot_peek_changes",
    "pg_replication_slot_advance",
    "pg_sync_replication_slots",
    "pg_create_restore_point",
    "pg_switch_wal",
    "pg_backup_start",
    "pg_backup_stop",
    "pg_start_backup",
    "pg_stop_backup",
    "pg_wal_replay_pause",
    "pg_wal_replay_resume",
    "pg_promote",
  ],
  notify: ["pg_notify"],
  setting: ["set_config"],
  // what a seed was can be told from the numbers that follow
  sequence: ["currval", "lastval", "nextval", "setseed", "setval"],
  // every session can read the keys in pg_locks
  lock: [
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_unlock",
    "pg_advisory_unlock_shared",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
  ],
  delay: ["pg_sleep", "pg_sleep_for", "pg_sleep_until"],
  server: [
    "binary_upgrade_set_record_init_privs",
    "brin_summarize_new_values",
    "pg_cancel_backend",
    "pg_clear_attribute_stats",
    "pg_clear_relation_stats",
    "pg_import_system_collations",
    "pg_log_backend_memory_contexts",
    "pg_log_standby_snapshot",
    "pg_prewarm",
    "pg_reload_conf",
    "pg_restore_attribute_stats",
    "pg_restore_relation_stats",
    "pg_rotate_logfile",
    "pg_rotate_logfile_old",
    "pg_terminate_backend",
  ],
};

/** Whole families, so that a newer server's member is caught as well. */
const PREFIXES: readonly (readonly [prefix: string, category: SqlDangerCategory])[] = [
  ["dblink", "egress"],
  ["pg_ls_", "file"],
  ["pg_read_", "file"],
  ["pg_file_", "file"],
  ["pg_logical_slot_", "replication"],
  ["pg_replication_origin_", "replication"],
  ["pg_sleep", "delay"],
  ["binary_upgrade_", "server"],
  ["pg_stat_reset", "server"],
  ["be_lo_", "large_object"],
];

export const DANGEROUS_FUNCTIONS: ReadonlyMap<string, SqlDangerCategory> = new Map(
  (Object.entries(NAMES) as [SqlDangerCategory, readonly string[]][]).flatMap(([category, names]) =>
    names.map((name): [string, SqlDangerCategory] => [name, category]),
  ),
);

/** Category of a function by its last name in lower case, or undefined. */
export function dangerOf(name: string): SqlDangerCategory | undefined {
  const exact = DANGEROUS_FUNCTIONS.get(name);
  if (exact !== undefined) return exact;
  for (const [prefix, category] of PREFIXES) if (name.startsWith(prefix)) return category;
  return undefined;
}

const REACHING: ReadonlySet<SqlDangerCategory> = new Set([
  "sql_in_string",
  "file",
  "large_object",
  "egress",
  "replication",
  "server",
]);

/** What it returns may hold data that none of its arguments does. */
export function reachesData(name: string): boolean {
  const category = dangerOf(name);
  return category !== undefined && REACHING.has(category);
}

/** Arguments of these leave the row path: a column in one is a `write-source`. */
export function hasSideEffect(name: string): boolean {
  const category = dangerOf(name);
  return category !== undefined && category !== "delay" && category !== "sql_in_string";
}
