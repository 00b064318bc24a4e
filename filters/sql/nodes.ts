/** Which node types of a raw parse tree the analysis knows, and what they are to the walker. */

const words = (text: string): Set<string> => new Set(text.split(/\s+/).filter((word) => word !== ''));

/** Nodes without anything below them that could matter. */
export const LEAF_NODES: ReadonlySet<string> = words(`String Integer Float Boolean BitString A_Star A_Const SQLValueFunction SetToDefault
  MergeSupportFunc CurrentOfExpr RoleSpec Alias TriggerTransition ReplicaIdentityStmt ATAlterConstraint JsonFormat JsonReturning
  ReturningOption OidList IntList JsonTablePath`);

/** Nodes whose meaning is that of what they hold. */
export const CONTAINER_NODES: ReadonlySet<string> = words(`BoolExpr NullTest BooleanTest CaseExpr CaseWhen CoalesceExpr MinMaxExpr RowExpr
  A_ArrayExpr A_Indices CollateClause NamedArgExpr GroupingFunc GroupingSet XmlExpr XmlSerialize ResTarget List DefElem TypeName
  TypeCast WindowDef LockingClause ColumnDef Constraint IndexElem StatsElem PartitionElem PartitionSpec PartitionBoundSpec
  PartitionRangeDatum PartitionCmd SinglePartitionSpec AlterTableCmd AccessPriv ObjectWithArgs FunctionParameter TableLikeClause CreateOpClassItem
  VacuumRelation PublicationObjSpec PublicationTable RangeTableFuncCol IntoClause InferClause OnConflictClause MergeWhenClause
  ReturningClause WithClause CommonTableExpr CTESearchClause CTECycleClause
  JsonValueExpr JsonOutput JsonArgument JsonFuncExpr JsonTableColumn JsonTablePathSpec JsonKeyValue JsonParseExpr JsonScalarExpr
  JsonSerializeExpr JsonObjectConstructor JsonArrayConstructor JsonArrayQueryConstructor JsonAggConstructor JsonObjectAgg
  JsonArrayAgg JsonIsPredicate JsonBehavior`);

/** Nodes with a handler of their own in the walker or in the FROM clause. */
export const HANDLED_NODES: ReadonlySet<string> =
  words(`ParamRef ColumnRef FuncCall A_Expr A_Indirection SubLink RangeVar SortBy MultiAssignRef
  RangeSubselect RangeFunction RangeTableFunc RangeTableSample JoinExpr JsonTable RawStmt`);

/** Statements, and what they are: [kind, object]. An empty object is found by the statement's own handler. */
export const STATEMENT_NODES: ReadonlyMap<string, readonly [string, string]> = new Map(
  `SelectStmt select -|InsertStmt insert -|UpdateStmt update -|DeleteStmt delete -|MergeStmt merge -|PLAssignStmt assign -
  |ReturnStmt return -|CreateSchemaStmt create schema|AlterTableStmt alter -|AlterCollationStmt alter collation
  |AlterDomainStmt alter domain|GrantStmt grant -|GrantRoleStmt grant role|AlterDefaultPrivilegesStmt alter default_privileges
  |CopyStmt copy -|VariableSetStmt set -|VariableShowStmt show -|CreateStmt create table|CreateTableSpaceStmt create tablespace
  |DropTableSpaceStmt drop tablespace|AlterTableSpaceOptionsStmt alter tablespace|AlterTableMoveAllStmt alter -
  |CreateExtensionStmt create extension|AlterExtensionStmt alter extension|AlterExtensionContentsStmt alter extension
  |CreateFdwStmt create foreign_data_wrapper|AlterFdwStmt alter foreign_data_wrapper|CreateForeignServerStmt create server
  |AlterForeignServerStmt alter server|CreateForeignTableStmt create foreign_table|CreateUserMappingStmt create user_mapping
  |AlterUserMappingStmt alter user_mapping|DropUserMappingStmt drop user_mapping|ImportForeignSchemaStmt import foreign_schema
  |CreatePolicyStmt create policy|AlterPolicyStmt alter policy|CreateAmStmt create access_method|CreateTrigStmt create trigger
  |CreateEventTrigStmt create event_trigger|AlterEventTrigStmt alter event_trigger|CreatePLangStmt create language
  |CreateRoleStmt create role|AlterRoleStmt alter role|AlterRoleSetStmt alter role|DropRoleStmt drop role
  |CreateSeqStmt create sequence|AlterSeqStmt alter sequence|DefineStmt create -|CreateDomainStmt create domain
  |CreateOpClassStmt create operator_class|CreateOpFamilyStmt create operator_family|AlterOpFamilyStmt alter operator_family
  |DropStmt drop -|TruncateStmt truncate table|CommentStmt comment -|SecLabelStmt security_label -|DeclareCursorStmt declare -
  |ClosePortalStmt close -|FetchStmt fetch -|IndexStmt create index|CreateStatsStmt create statistics|AlterStatsStmt alter statistics
  |CreateFunctionStmt create function|AlterFunctionStmt alter -|DoStmt do -|CallStmt call -|RenameStmt alter -
  |AlterObjectDependsStmt alter -|AlterObjectSchemaStmt alter -|AlterOwnerStmt alter -|AlterOperatorStmt alter operator
  |AlterTypeStmt alter type|RuleStmt create rule|NotifyStmt notify -|ListenStmt listen -|UnlistenStmt unlisten -
  |TransactionStmt begin -|CompositeTypeStmt create type|CreateEnumStmt create type|CreateRangeStmt create type
  |AlterEnumStmt alter type|ViewStmt create view|LoadStmt load -|CreatedbStmt create database|AlterDatabaseStmt alter database
  |AlterDatabaseRefreshCollStmt alter database|AlterDatabaseSetStmt alter database|DropdbStmt drop database
  |AlterSystemStmt alter system|ClusterStmt cluster -|VacuumStmt vacuum -|ExplainStmt explain -|CreateTableAsStmt create table
  |RefreshMatViewStmt refresh materialized_view|CheckPointStmt checkpoint -|DiscardStmt discard -|LockStmt lock table
  |ConstraintsSetStmt set constraints|ReindexStmt reindex -|CreateConversionStmt create conversion|CreateCastStmt create cast
  |CreateTransformStmt create transform|PrepareStmt prepare -|ExecuteStmt execute -|DeallocateStmt deallocate -
  |DropOwnedStmt drop owned|ReassignOwnedStmt reassign owned|AlterTSDictionaryStmt alter text_search_dictionary
  |AlterTSConfigurationStmt alter text_search_configuration|CreatePublicationStmt create publication
  |AlterPublicationStmt alter publication|CreateSubscriptionStmt create subscription|AlterSubscriptionStmt alter subscription
  |DropSubscriptionStmt drop subscription`
    .split('|')
    .map((entry) => {
      const [type, kind, object] = entry.trim().split(/\s+/);
      return [type!, [kind!, object === '-' ? '' : object!] as const];
    }),
);

/** How a node type is treated; `unknown` ones make the statement opaque. */
export function nodeTreatment(type: string): 'leaf' | 'container' | 'handled' | 'statement' | 'unknown' {
  if (LEAF_NODES.has(type)) return 'leaf';
  if (CONTAINER_NODES.has(type)) return 'container';
  if (HANDLED_NODES.has(type)) return 'handled';
  return STATEMENT_NODES.has(type) ? 'statement' : 'unknown';
}

/** The word a policy uses for a grammar's object type. */
export function objectWord(type: string): string {
  const word = type.replace(/^(OBJECT|REINDEX_OBJECT)_/, '').toLowerCase();
  return OBJECT_WORDS[word] ?? word;
}

const OBJECT_WORDS: Readonly<Record<string, string>> = {
  matview: 'materialized_view',
  fdw: 'foreign_data_wrapper',
  foreign_server: 'server',
  statistic_ext: 'statistics',
  tabconstraint: 'constraint',
  domconstraint: 'constraint',
  opclass: 'operator_class',
  opfamily: 'operator_family',
  tsconfiguration: 'text_search_configuration',
  tsdictionary: 'text_search_dictionary',
  tsparser: 'text_search_parser',
  tstemplate: 'text_search_template',
  largeobject: 'large_object',
  parameter_acl: 'parameter',
  defacl: 'default_privileges',
};
