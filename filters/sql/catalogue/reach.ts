/**
 * What functions, system relations and languages reach beyond their arguments. Looked up by bare name: a copy of
 * `lo_export` in another schema, or a wrapper that took its name, counts the same.
 */
import type { Reach } from '../facts.js';

const BY_REACH: [Reach[], string][] = [
  [
    ['files'],
    `pg_read_file pg_read_binary_file pg_read_file_old pg_read_file_all pg_read_file_off_len pg_read_file_v2
    pg_read_binary_file_all pg_read_binary_file_off_len pg_stat_file pg_stat_file_1arg pg_ls_dir pg_ls_dir_1arg pg_ls_logdir
    pg_ls_waldir pg_ls_tmpdir pg_ls_tmpdir_1arg pg_ls_tmpdir_noargs pg_ls_archive_statusdir pg_ls_logicalmapdir
    pg_ls_logicalsnapdir pg_ls_replslotdir pg_ls_summariesdir pg_hba_file_rules pg_ident_file_mappings
    pg_show_all_file_settings pg_current_logfile pg_file_write pg_file_rename pg_file_unlink pg_file_sync pg_file_read
    pg_file_length pg_logdir_ls pg_logfile_rotate pg_file_settings heap_force_kill heap_force_freeze
    read_text read_binary write_text csv_read parquet_read`,
  ],
  [['files', 'large_objects'], 'lo_import lo_export be_lo_import be_lo_export be_lo_import_with_oid'],
  [
    ['large_objects'],
    `lo_create lo_creat lo_unlink lo_open lo_close lo_get lo_put lo_from_bytea lo_lseek lo_lseek64 lo_tell
    lo_tell64 lo_truncate lo_truncate64 loread lowrite lo_manage be_lo_get be_lo_put be_lo_from_bytea`,
  ],
  [['databases', 'network', 'code'], `dblink dblink_exec dblink_open dblink_send_query dblink_fetch dblink_get_result`],
  [
    ['databases', 'network'],
    `dblink_connect dblink_connect_u dblink_disconnect dblink_cancel_query dblink_close dblink_is_busy
    dblink_get_notify dblink_error_message dblink_get_connections postgres_fdw_disconnect postgres_fdw_disconnect_all
    postgres_fdw_get_connections dblink_fdw_validator mysql_fdw_version oracle_diag oracle_close_connections
    oracle_execute tds_fdw_handler run_command_on_workers run_command_on_shards run_command_on_placements
    run_command_on_all_nodes run_command_on_coordinator master_run_on_worker citus_add_node citus_remote_connection_stats
    plproxy_call_handler mongo_fdw_version`,
  ],
  [
    ['code'],
    `query_to_xml query_to_xml_and_xmlschema query_to_xmlschema cursor_to_xml cursor_to_xmlschema ts_stat ts_rewrite
    crosstab crosstab2 crosstab3 crosstab4 crosstab_hash connectby xpath_table xslt_process plpgsql_inline_handler
    plperl_inline_handler plperlu_inline_handler plpython3_inline_handler plpython_inline_handler pltcl_call_handler
    pltclu_call_handler plpgsql_call_handler plv8_inline_handler fmgr_internal_validator fmgr_c_validator fmgr_sql_validator
    pg_background_launch pg_background_result query_explain explain_query graphql graphql_resolve resolve
    dbms_sql_parse dbms_sql_execute dbms_job_submit hypopg_create_index plpgsql_check_function plpgsql_check_function_tb
    plv8_reset plr_init plr_module_load r_eval exec_sql execute_sql pg_eval system_exec sys_exec sys_eval
    pgr_dijkstra pgr_astar pgr_bddijkstra pgr_ksp pgr_trsp pgr_drivingdistance pgr_connectedcomponents pgr_nodenetwork
    pgr_createtopology cypher cron_schedule st_asmvt_query`,
  ],
  [['code', 'sessions'], 'schedule schedule_in_database alter_job unschedule add_job run_job delete_job'],
  [['code', 'network'], 'query_export_to_s3 aws_lambda_invoke invoke'],
  [['network', 'files'], `xslt_process table_import_from_s3`],
  [
    ['network'],
    `http http_get http_post http_put http_patch http_delete http_head http_set_curlopt http_request
    urlget bytea_post net_http_get net_http_post http_collect_response send_mail smtp_send utl_http utl_mail utl_smtp
    ai_complete openai_embed openai_chat_complete azure_openai ollama_embed embed_text`,
  ],
  [
    ['catalog'],
    `table_to_xml table_to_xml_and_xmlschema table_to_xmlschema schema_to_xml schema_to_xml_and_xmlschema
    schema_to_xmlschema database_to_xml database_to_xml_and_xmlschema database_to_xmlschema
    get_raw_page page_header page_checksum heap_page_items heap_page_item_attrs tuple_data_split bt_page_items bt_page_stats
    bt_metap bt_multi_page_stats brin_page_items brin_metapage_info brin_revmap_data brin_page_type gin_page_opaque_info
    gin_metapage_info gin_leafpage_items gist_page_items gist_page_items_bytea gist_page_opaque_info hash_page_items
    hash_page_stats hash_page_type hash_bitmap_info hash_metapage_info fsm_page_contents pg_mcv_list_items
    pg_stat_statements pg_stat_statements_reset pg_get_wal_record_info pg_get_wal_records_info pg_get_wal_block_info
    pg_get_wal_records_info_till_end_of_wal pg_get_wal_stats pg_get_wal_stats_till_end_of_wal pg_stat_get_activity
    pg_stat_get_backend_activity current_query pg_prepared_statement pg_cursor pg_show_plans pg_stat_monitor
    pg_restore_attribute_stats pg_restore_relation_stats pg_clear_attribute_stats pg_clear_relation_stats
    pg_import_system_collations pg_stop_making_pinned_objects pg_nextoid
    binary_upgrade_add_sub_rel_state binary_upgrade_create_empty_extension binary_upgrade_logical_slot_has_caught_up
    binary_upgrade_replorigin_advance binary_upgrade_set_missing_value binary_upgrade_set_record_init_privs
    pg_options_to_table pg_extension_config_dump lookup_agtype currtid currtid2`,
  ],
  [['settings'], 'set_config set_config_by_name pg_reload_conf set_limit set_curcfg'],
  [
    ['sessions'],
    `pg_terminate_backend pg_cancel_backend pg_log_backend_memory_contexts pg_advisory_lock pg_advisory_lock_shared
    pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared
    pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared pg_advisory_unlock pg_advisory_unlock_shared
    pg_advisory_unlock_all pg_notify pg_export_snapshot pg_prepared_xact pg_logical_emit_message`,
  ],
  [
    ['replication'],
    `pg_create_logical_replication_slot pg_create_physical_replication_slot pg_copy_logical_replication_slot
    pg_copy_physical_replication_slot pg_drop_replication_slot pg_logical_slot_get_changes pg_logical_slot_get_binary_changes
    pg_logical_slot_peek_changes pg_logical_slot_peek_binary_changes pg_replication_slot_advance pg_logical_emit_message
    pg_replication_origin_create pg_replication_origin_drop pg_replication_origin_advance pg_replication_origin_session_setup
    pg_replication_origin_session_reset pg_replication_origin_session_progress pg_replication_origin_xact_setup
    pg_replication_origin_xact_reset pg_replication_origin_progress pg_sync_replication_slots pg_get_logical_snapshot_info
    pg_get_logical_snapshot_meta pg_log_standby_snapshot pg_available_wal_summaries pg_wal_summary_contents
    pglogical_create_subscription create_subscription create_node pg_decode_message`,
  ],
  [
    ['server'],
    `pg_reload_conf pg_rotate_logfile pg_rotate_logfile_v2 pg_rotate_logfile_old pg_logfile_rotate pg_switch_wal
    pg_switch_xlog pg_create_restore_point pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup pg_promote
    pg_wal_replay_pause pg_wal_replay_resume pg_xlog_replay_pause pg_xlog_replay_resume pg_stat_reset pg_stat_reset_shared
    pg_stat_reset_single_table_counters pg_stat_reset_single_function_counters pg_stat_reset_slru
    pg_stat_reset_replication_slot pg_stat_reset_subscription_stats pg_stat_reset_backend_stats brin_summarize_new_values
    brin_summarize_range brin_desummarize_range gin_clean_pending_list pg_truncate_visibility_map autoprewarm_dump_now
    autoprewarm_start_worker pg_prewarm pg_buffercache_evict pg_buffercache_evict_all pg_buffercache_evict_relation
    heap_force_kill heap_force_freeze pg_repack repack_apply repack_swap
    binary_upgrade_set_next_array_pg_type_oid binary_upgrade_set_next_heap_pg_class_oid
    binary_upgrade_set_next_heap_relfilenode binary_upgrade_set_next_index_pg_class_oid
    binary_upgrade_set_next_index_relfilenode binary_upgrade_set_next_multirange_array_pg_type_oid
    binary_upgrade_set_next_multirange_pg_type_oid binary_upgrade_set_next_pg_authid_oid
    binary_upgrade_set_next_pg_enum_oid binary_upgrade_set_next_pg_tablespace_oid binary_upgrade_set_next_pg_type_oid
    binary_upgrade_set_next_toast_pg_class_oid binary_upgrade_set_next_toast_relfilenode`,
  ],
];

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function index(entries: [Reach[], string][]): Map<string, Reach[]> {
  const out = new Map<string, Reach[]>();
  for (const [reaches, names] of entries) {
    for (const name of words(names)) out.set(name, [...new Set([...(out.get(name) ?? []), ...reaches])]);
  }
  return out;
}

/** Function name in lower case -> what it reaches. */
export const FUNCTION_REACH: ReadonlyMap<string, Reach[]> = index(BY_REACH);

/** Functions of extensions that call out under a schema of their own, whose bare names are too common to be listed. */
const SCHEMA_REACH: ReadonlyMap<string, Reach[]> = new Map<string, Reach[]>([
  ['net', ['network']],
  ['http', ['network']],
  ['aws_s3', ['network', 'files']],
  ['aws_lambda', ['network', 'code']],
  ['aws_commons', ['network']],
  ['aws_ml', ['network']],
  ['cron', ['code']],
  ['timetable', ['code']],
  ['dblink', ['databases', 'network']],
  ['utl_file', ['files']],
  ['utl_http', ['network']],
  ['utl_smtp', ['network']],
  ['utl_tcp', ['network']],
  ['utl_mail', ['network']],
  ['dbms_pipe', ['sessions']],
  ['dbms_alert', ['sessions']],
  ['dbms_sql', ['code']],
  ['dbms_job', ['code']],
  ['dbms_scheduler', ['code']],
  ['graphql', ['code']],
  ['vault', ['catalog']],
  ['pgsodium', ['catalog']],
  ['azure_storage', ['network', 'files']],
  ['azure_ai', ['network']],
  ['azure_openai', ['network']],
  ['azure_cognitive', ['network']],
  ['azure_ml', ['network']],
  ['google_ml', ['network']],
  ['ai', ['network']],
  ['pglogical', ['replication', 'databases']],
  ['bdr', ['replication', 'databases']],
  ['repack', ['server', 'code']],
  ['partman', ['code']],
  ['_timescaledb_functions', ['code']],
  ['_timescaledb_internal', ['code']],
  ['plpython', ['code']],
  ['duckdb', ['files', 'network', 'code']],
]);

/** What reaches a function has by its own name or by its extension's schema. */
export function reachesOf(schema: string, name: string): Reach[] {
  const own = FUNCTION_REACH.get(name) ?? FUNCTION_REACH.get(name.toLowerCase());
  const home = schema === '' ? undefined : SCHEMA_REACH.get(schema.toLowerCase());
  if (own === undefined) return home ?? NONE;
  return home === undefined ? own : [...new Set([...own, ...home])];
}

const NONE: Reach[] = [];

/** Functions that change data although a SELECT calls them. */
export const WRITING_FUNCTIONS: ReadonlySet<string> = new Set(
  words(`nextval setval lo_create lo_creat lo_unlink lo_import lo_put lo_from_bytea lowrite lo_truncate lo_truncate64 lo_export
    be_lo_import be_lo_export be_lo_put be_lo_from_bytea
    pg_file_write pg_file_rename pg_file_unlink dblink_exec pg_truncate_visibility_map heap_force_kill heap_force_freeze
    pg_import_system_collations pg_restore_attribute_stats pg_restore_relation_stats pg_clear_attribute_stats
    pg_clear_relation_stats pg_create_logical_replication_slot pg_create_physical_replication_slot
    pg_copy_logical_replication_slot pg_copy_physical_replication_slot pg_drop_replication_slot pg_replication_slot_advance
    pg_logical_slot_get_changes pg_logical_slot_get_binary_changes pg_replication_origin_create pg_replication_origin_drop
    pg_replication_origin_advance pg_logical_emit_message pg_stat_statements_reset pg_promote
    binary_upgrade_set_missing_value binary_upgrade_create_empty_extension binary_upgrade_add_sub_rel_state`),
);

/** Functions whose named argument is SQL text that runs; the value is the argument's place. */
export const SQL_TEXT_ARGUMENT: ReadonlyMap<string, number> = new Map([
  ['query_to_xml', 0],
  ['query_to_xml_and_xmlschema', 0],
  ['query_to_xmlschema', 0],
  ['ts_stat', 0],
  ['ts_rewrite', 1],
  ['crosstab', 0],
  ['crosstab2', 0],
  ['crosstab3', 0],
  ['crosstab4', 0],
]);

/** Functions whose first argument names a relation whose rows come out. */
export const TABLE_TEXT_ARGUMENT: ReadonlySet<string> = new Set(
  words('table_to_xml table_to_xml_and_xmlschema get_raw_page pgrowlocks currtid currtid2 connectby'),
);

/** Functions that give what is stored of relations that they do not name: pages, the log, decoded changes, files of the server. */
export const UNNAMED_RELATIONS: ReadonlySet<string> = new Set(
  words(`get_raw_page bt_page_items pg_get_wal_record_info pg_get_wal_records_info pg_get_wal_records_info_till_end_of_wal
    pg_get_wal_block_info pg_logical_slot_get_changes pg_logical_slot_peek_changes pg_logical_slot_get_binary_changes
    pg_logical_slot_peek_binary_changes pg_read_file pg_read_binary_file pg_read_file_old pg_read_file_all pg_read_file_off_len
    pg_read_file_v2 pg_read_binary_file_all pg_read_binary_file_off_len pg_file_read lo_import be_lo_import be_lo_import_with_oid
    schema_to_xml schema_to_xml_and_xmlschema schema_to_xmlschema database_to_xml database_to_xml_and_xmlschema database_to_xmlschema`),
);

/** Functions whose first argument names a sequence, and how they use it. */
export const SEQUENCE_ARGUMENT: ReadonlyMap<string, 'read' | 'write'> = new Map([
  ['nextval', 'write'],
  ['setval', 'write'],
  ['currval', 'read'],
  ['pg_sequence_last_value', 'read'],
]);

/** System relations whose rows carry data, credentials, files or other sessions. */
const RELATION_REACH: ReadonlyMap<string, Reach[]> = index([
  [
    ['catalog'],
    `pg_statistic pg_stats pg_statistic_ext_data pg_stats_ext pg_stats_ext_exprs pg_authid pg_shadow pg_user_mapping
    pg_user_mappings pg_foreign_server pg_subscription pg_stat_statements pg_stat_activity pg_prepared_statements
    pg_cursors pg_db_role_setting pg_stat_monitor pg_stat_wal_receiver user_mapping_options _pg_user_mappings
    foreign_server_options _pg_foreign_servers`,
  ],
  [['large_objects'], 'pg_largeobject'],
  [['files'], 'pg_hba_file_rules pg_ident_file_mappings pg_file_settings'],
]);

/** What reading a relation of the system reaches; empty for all others. */
export function relationReaches(schema: string, name: string): Reach[] {
  if (schema !== '' && schema !== 'pg_catalog' && schema !== 'information_schema' && name !== 'pg_stat_statements') return NONE;
  return RELATION_REACH.get(name) ?? NONE;
}

/** What writing a relation of the system reaches: pg_settings is set_config by another name. */
export function relationWriteReaches(schema: string, name: string): Reach[] {
  const system = schema === 'pg_catalog' || (schema === '' && name.startsWith('pg_'));
  if (!system) return NONE;
  if (name === 'pg_settings' || name === 'pg_db_role_setting') return ['settings', 'catalog'];
  if (name === 'pg_largeobject') return ['large_objects', 'catalog'];
  return ['catalog'];
}

/** Languages whose code runs inside the database's own rules, and that are looked into. */
const TRUSTED_LANGUAGES: ReadonlySet<string> = new Set(['sql', 'plpgsql']);

/** What a language reaches: its code can't be seen, and untrusted ones reach the machine. */
export function languageReaches(language: string): Reach[] {
  const name = language.toLowerCase();
  if (TRUSTED_LANGUAGES.has(name)) return NONE;
  const trusted = /^(plperl|pltcl|plv8|plcoffee|plls|pllua|pljava|plrust|plprql|pltclsh)$/.test(name);
  return trusted ? ['code'] : ['code', 'files', 'network'];
}

/** Settings that make the server run programs or load libraries, or read SQL another way. */
export const CODE_SETTINGS: ReadonlySet<string> = new Set(
  words(`archive_command restore_command archive_cleanup_command recovery_end_command ssl_passphrase_command
    shared_preload_libraries session_preload_libraries local_preload_libraries dynamic_library_path extension_control_path
    archive_library jit_provider`),
);

/** Extensions that reach out once they are created. */
export const EXTENSION_REACH: ReadonlyMap<string, Reach[]> = index([
  [['files'], 'file_fdw adminpack parquet_fdw parquet_s3_fdw pg_read_server_files'],
  [
    ['databases', 'network'],
    `dblink postgres_fdw mysql_fdw oracle_fdw tds_fdw mongo_fdw redis_fdw sqlite_fdw jdbc_fdw odbc_fdw
    multicorn multicorn2 clickhouse_fdw hdfs_fdw firebird_fdw kafka_fdw citus plproxy wrappers supabase_wrappers`,
  ],
  [['network'], 'http pg_net pgsql-http pgsql_http aws_s3 aws_lambda aws_ml azure_storage azure_ai google_ml_integration pgai ai'],
  [
    ['code'],
    `plpython3u plpythonu plpython2u plperlu plperl plsh pltclu pltcl plv8 plr plrust pljava pllua plluau pg_cron
    pg_background pg_timetable pg_task pgagent orafce pg_tle plproxy xml2 tablefunc`,
  ],
  [['catalog'], 'pageinspect pg_stat_statements pg_surgery pg_walinspect pg_visibility amcheck supabase_vault pgsodium'],
  [['files', 'network', 'code'], 'pg_duckdb plpython3u plpythonu plpython2u plperlu plsh pltclu plluau plr'],
  [['replication'], 'pglogical bdr wal2json pg_logical_replication'],
  [['large_objects'], 'lo'],
]);
